import Document
import Terminal

/// What the files panel lists.
package struct FilesState: Sendable, Equatable {
    package var entries: [PromptLibrary.Entry] = []
    package var selected = 0
    /// Where names without a folder are saved.
    package var ownFolder = "."
    package init() {}
    mutating func take(_ entries: [PromptLibrary.Entry]) { self.entries = entries }
    mutating func preview(_ path: String, _ bytes: [UInt8]) {}
}

extension State {
    mutating func performInFiles(_ command: Command) -> [Effect] { [] }
}
