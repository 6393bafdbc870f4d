import Foundation
import HuggingFace
import JSONText
import Testing

/// A folder of its own for a test, filled from the fixtures and changed as the test wants it.
struct FolderWorld: ~Copyable {
    let path: String
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures").path
    static let twoTokens = #"{"added_tokens":[],"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}"#

    init(model: String, tokenizer: String? = nil) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString)").path
        try FileManager.default.copyItem(atPath: "\(Self.fixtures)/models/\(model)", toPath: path)
        if let tokenizer { try FileManager.default.copyItem(atPath: "\(Self.fixtures)/tokenizers/\(tokenizer).json", toPath: path + "/tokenizer.json") } else { try write("tokenizer.json", Self.twoTokens) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws { try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8) }
    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
    func bytes(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))) }

    /// Sets a field of a file to JSON, or removes it.
    func set(_ key: String, _ value: String?, in name: String = "config.json") throws {
        guard var fields = try JSON(parsing: bytes(name)).asObject else { return }
        fields.removeAll { $0.0 == key }
        if let value { fields.append((key, .literal(value))) }
        try write(name, JSON.object(fields).text)
    }

    func fault() -> FolderFault? {
        do { _ = try ModelFolder.header(path) } catch { return error.fault }
        return nil
    }
}
