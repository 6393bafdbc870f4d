import Foundation

/// The edits beside a run's sampling settings.
struct StoredEdits: Decodable {
    var edits: [String]
    init(json: String) {
        self = (try? JSONDecoder().decode(StoredEdits.self, from: Data(json.utf8))) ?? StoredEdits(edits: [])
    }
    private init(edits: [String]) { self.edits = edits }
}
