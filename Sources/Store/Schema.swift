import GRDB

/// The tables, as one list of changes to them: what has been released is never altered, only added to.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("documents, nodes, runs") { database in
            try database.execute(sql: """
                CREATE TABLE document (
                    number INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, path TEXT, title TEXT NOT NULL, settings TEXT NOT NULL,
                    created REAL NOT NULL, touched REAL NOT NULL, current INTEGER NOT NULL, cursor INTEGER NOT NULL, anchor INTEGER,
                    closed INTEGER NOT NULL, owner TEXT NOT NULL);
                CREATE INDEX documentTouched ON document (touched);
                CREATE TABLE snapshot (
                    number INTEGER PRIMARY KEY, document INTEGER NOT NULL UNIQUE REFERENCES document (id) ON DELETE CASCADE,
                    node INTEGER NOT NULL, text BLOB NOT NULL, kept BLOB NOT NULL);
                CREATE TABLE node (
                    number INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
                    id INTEGER NOT NULL, parent INTEGER, start INTEGER NOT NULL,
                    oldText BLOB NOT NULL, oldKept BLOB NOT NULL, newText BLOB NOT NULL, newKept BLOB NOT NULL,
                    cursor INTEGER NOT NULL, anchor INTEGER, author TEXT NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL,
                    trashed INTEGER NOT NULL, made REAL NOT NULL, settings TEXT, seed INTEGER, model TEXT, ended TEXT,
                    logprobs BLOB NOT NULL, measured REAL,
                    UNIQUE (document, id));
                CREATE TABLE run (
                    number INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, document INTEGER NOT NULL, node INTEGER NOT NULL,
                    made REAL NOT NULL, model TEXT NOT NULL, fingerprint TEXT NOT NULL,
                    promptIDs BLOB NOT NULL, prompt BLOB NOT NULL, ids BLOB NOT NULL, text BLOB NOT NULL,
                    settings TEXT NOT NULL, seed INTEGER NOT NULL, ended TEXT, rate REAL NOT NULL, logprobs BLOB NOT NULL,
                    trashed INTEGER NOT NULL);
                CREATE INDEX runMade ON run (made);
                CREATE VIRTUAL TABLE runWords USING fts5 (prompt, text, content = 'run', content_rowid = 'number', prefix = '2 3');
                CREATE TRIGGER runAdded AFTER INSERT ON run BEGIN
                    INSERT INTO runWords (rowid, prompt, text) VALUES (new.number, new.prompt, new.text);
                END;
                CREATE TRIGGER runRemoved AFTER DELETE ON run BEGIN
                    INSERT INTO runWords (runWords, rowid, prompt, text) VALUES ('delete', old.number, old.prompt, old.text);
                END;
                CREATE TRIGGER runRewritten AFTER UPDATE OF prompt, text ON run BEGIN
                    INSERT INTO runWords (runWords, rowid, prompt, text) VALUES ('delete', old.number, old.prompt, old.text);
                    INSERT INTO runWords (rowid, prompt, text) VALUES (new.number, new.prompt, new.text);
                END;
                """)
        }
        return migrator
    }

    /// In the order in which rows may be put back, with what names a row to others.
    static let tables = [("document", "id"), ("snapshot", "document"), ("node", "document, id"), ("run", "id")]
}
