import Document
import Tokenizer

/// One generation with all that is needed to show it and to make it again.
package struct StoredRun: Sendable, Equatable, Identifiable {
    package typealias ID = Int64

    package var id: ID
    package var document: StoredDocument.ID
    /// The node that holds what was written.
    package var node: Node.ID
    /// Unit: seconds since 1970.
    package var made: Double
    /// The model's name.
    package var model: String
    package var fingerprint: String
    package var promptIDs: [TokenID]
    /// The prompt's bytes.
    package var prompt: [UInt8]
    /// What was generated.
    package var ids: [TokenID]
    package var text: [UInt8]
    /// The sampling settings, as JSON text.
    package var settings: String
    package var seed: UInt64
    /// Why it ended; nil while it is running, and for ever after a crash.
    package var end: String?
    /// Unit: tokens a second.
    package var rate: Double
    /// Of the generated ids; NaN where it is not known. Unit: nats.
    package var logprobs: [Float]
    /// Out of sight, not deleted.
    package var isTrashed = false

    package init(id: ID = StoredDocument.freshID(), document: StoredDocument.ID, node: Node.ID, made: Double, model: String, fingerprint: String,
                 promptIDs: [TokenID], prompt: [UInt8], ids: [TokenID], text: [UInt8], settings: String, seed: UInt64, end: String?, rate: Double,
                 logprobs: [Float]) {
        (self.id, self.document, self.node, self.made, self.model, self.fingerprint) = (id, document, node, made, model, fingerprint)
        (self.promptIDs, self.prompt, self.ids, self.text) = (promptIDs, prompt, ids, text)
        (self.settings, self.seed, self.end, self.rate, self.logprobs) = (settings, seed, end, rate, logprobs)
    }
}

/// A run as a list shows it.
package struct FoundRun: Sendable, Equatable, Identifiable {
    package var id: StoredRun.ID
    package var document: StoredDocument.ID
    package var node: Node.ID
    /// Unit: seconds since 1970.
    package var made: Double
    package var model: String
    package var fingerprint: String
    /// The end of the prompt's bytes, the beginning of what was written: up to `excerpt` bytes of each.
    package var prompt: [UInt8]
    package var text: [UInt8]
    package var seed: UInt64
    package var end: String?
    /// Unit: tokens a second.
    package var rate: Double
    /// How many ids the prompt has, and how many were generated.
    package var promptCount: Int
    package var count: Int
    /// Of all that was generated; nil where one is not known. Unit: nats.
    package var logprob: Double?
    package var isTrashed: Bool

    package static let excerpt = 400

    package init(id: StoredRun.ID, document: StoredDocument.ID, node: Node.ID, made: Double, model: String, fingerprint: String, prompt: [UInt8],
                 text: [UInt8], seed: UInt64, end: String?, rate: Double, promptCount: Int, count: Int, logprob: Double?, isTrashed: Bool = false) {
        (self.id, self.document, self.node, self.made, self.model, self.fingerprint) = (id, document, node, made, model, fingerprint)
        (self.prompt, self.text, self.seed, self.end, self.rate) = (prompt, text, seed, end, rate)
        (self.promptCount, self.count, self.logprob, self.isTrashed) = (promptCount, count, logprob, isTrashed)
    }
}
