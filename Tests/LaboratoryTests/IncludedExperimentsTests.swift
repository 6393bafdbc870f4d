import Foundation
import Testing

import Laboratory

/// The experiments of prompts/experiments and their data.
@Suite struct IncludedExperimentsTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let folder = root.appendingPathComponent("prompts/experiments")
    private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".yaml") }.sorted()

    private static func load(_ name: String) throws -> Experiment { try Experiment.load(folder.appendingPathComponent(name).path) }

    @Test("Each of the tasks is there, and every data file belongs to one")
    func tasks() throws {
        #expect(Self.names.count >= 20)
        var used: Set<String> = []
        for name in Self.names {
            let text = try String(contentsOf: Self.folder.appendingPathComponent(name), encoding: .utf8)
            for line in text.split(separator: "\n") where line.hasPrefix("pool: data/") || line.hasPrefix("test: data/") {
                used.insert(String(line.dropFirst("pool: data/".count).prefix { $0 != " " }))
            }
        }
        let there = try FileManager.default.contentsOfDirectory(atPath: Self.folder.appendingPathComponent("data").path)
        #expect(used == Set(there))
    }

    @Test("An included experiment says what to look at, has 40 items on both sides at least, and no test item is a shot", arguments: names)
    func sides(name: String) throws {
        let experiment = try Self.load(name)
        #expect(experiment.lookAt?.isEmpty == false)
        #expect(experiment.title != String(name.dropLast(".yaml".count)))
        #expect(experiment.seeds >= 5)
        #expect(experiment.pool.count >= 40)
        #expect(experiment.test.count >= 40)
        let queries = (experiment.pool + experiment.test).map { FewShot.query($0, experiment) }
        // A schema's two items of a pair differ in the answer only.
        if experiment.kind != .schema { #expect(Set(queries).count == queries.count) }
        let pool = Set(queries.prefix(experiment.pool.count))
        #expect(pool.isDisjoint(with: queries.dropFirst(experiment.pool.count)))
    }

    @Test("Labels that all items share are as frequent as each other, in the pool and in the test", arguments: names)
    func balance(name: String) throws {
        let experiment = try Self.load(name)
        for items in [experiment.pool, experiment.test] {
            for label in experiment.labels.indices {
                #expect(items.count { experiment.right($0) == label } * experiment.labels.count == items.count)
            }
        }
    }

    @Test("The script writes exactly the data that it made")
    func generator() throws {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("experiments-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", Self.root.appendingPathComponent("scripts/make-experiments.py").path, scratch.path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(files.count == 18)
        for file in files {
            let made = try Data(contentsOf: scratch.appendingPathComponent(file))
            #expect(made == (try Data(contentsOf: Self.folder.appendingPathComponent("data/\(file)"))), "\(file)")
        }
    }

    @Test("Sums, differences and scrambled letters are right")
    func right() throws {
        for (name, sign) in [("addition-2", 1), ("addition-3", 1), ("subtraction-2", -1), ("subtraction-3", -1)] {
            let experiment = try Self.load(name + ".yaml")
            for item in experiment.pool + experiment.test {
                let (a, b, result) = (Int(item.fields["a"] ?? ""), Int(item.fields["b"] ?? ""), Int(item.fields["result"] ?? ""))
                #expect(try #require(a) + sign * (try #require(b)) == result)
            }
        }
        for name in ["cycled-letters", "anagrams-1", "anagrams-2", "reversed-words"] {
            let experiment = try Self.load(name + ".yaml")
            for item in experiment.pool + experiment.test {
                let (letters, word) = (item.fields["letters"] ?? "", item.fields["word"] ?? "")
                #expect(letters != word && letters.sorted() == word.sorted())
                switch name {
                case "cycled-letters": #expect((word + word).contains(letters))
                case "reversed-words": #expect(String(letters.reversed()) == word)
                case "anagrams-1": #expect(letters.first == word.first && letters.last == word.last)
                default: #expect(letters.prefix(2) == word.prefix(2) && letters.suffix(2) == word.suffix(2))
                }
            }
        }
    }
}
