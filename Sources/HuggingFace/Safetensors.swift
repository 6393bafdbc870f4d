import GGUF
import JSONText

/// The header of a safetensors file: a length of 64 bits, JSON of so many bytes, then the numbers.
/// Source: the format's description at github.com/huggingface/safetensors.
struct Safetensors {
    struct Entry {
        let name: String, type: String, shape: [Int], range: Range<Int>
    }
    let entries: [Entry]
    let part: GGUF.Part

    private static let headerLimit = 24 << 20

    init(path: String) throws(FolderError) {
        func fault(_ what: String) -> FolderError { FolderError(path: path, fault: .header(what)) }
        let bytes: [UInt8], fileSize: Int
        do {
            let file = try OpenFile(path)
            fileSize = file.size
            guard fileSize >= 8 else { throw fault("it has \(fileSize) bytes") }
            let length = try file.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard length <= UInt64(min(Self.headerLimit, fileSize - 8)) else { throw fault("it claims a header of \(length) bytes") }
            bytes = Array(try file.prefix(8 + Int(length)).dropFirst(8))
        } catch let error as FolderError { throw error } catch let error as GGUFError { throw FolderError(path: path, fault: .file(error)) } catch { throw fault("\(error)") }
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch { throw FolderError(path: path, fault: .json(error)) }
        guard let fields = json.asObject else { throw fault("its header is no object") }
        let room = fileSize - 8 - bytes.count
        var entries: [Entry] = []
        for (name, value) in fields where name != "__metadata__" {
            guard let type = value["dtype"]?.asString, let shape = value["shape"]?.asArray, let offsets = value["data_offsets"]?.asArray,
                  offsets.count == 2, let start = offsets[0].asInt, let end = offsets[1].asInt, shape.allSatisfy({ $0.asInt != nil }) else {
                throw fault("the tensor \(name) has no type, shape and place")
            }
            guard 0 <= start, start <= end, end <= room else { throw fault("the tensor \(name) lies from \(start) to \(end) of \(room) bytes") }
            entries.append(Entry(name: name, type: type, shape: shape.compactMap(\.asInt), range: start..<end))
        }
        self.entries = entries.sorted { $0.range.lowerBound < $1.range.lowerBound }
        for (one, next) in zip(self.entries, self.entries.dropFirst()) where one.range.upperBound > next.range.lowerBound {
            throw fault("the tensors \(one.name) and \(next.name) overlap")
        }
        part = GGUF.Part(path: path, dataOffset: 8 + bytes.count, fileSize: fileSize)
    }
}

extension Safetensors.Entry {
    private static let types: [String: WeightType] = ["F32": .f32, "F16": .f16, "BF16": .bf16]

    /// The tensor in GGUF's words: the length of a row first.
    func info(_ name: String, _ arrangement: Arrangement, part: Int, path: String) throws(FolderError) -> TensorInfo {
        func fault(_ what: String) -> FolderError { FolderError(path: path, fault: .tensor(self.name, what)) }
        guard let weightType = Self.types[type] else { throw FolderError(path: path, fault: .weightType(tensor: self.name, found: type)) }
        var elements = 1
        for length in shape {
            let (product, overflow) = elements.multipliedReportingOverflow(by: length)
            guard length > 0, !overflow else { throw fault("has a dimension of \(length)") }
            elements = product
        }
        let (bytes, overflow) = elements.multipliedReportingOverflow(by: weightType.blockBytes)
        guard !overflow, bytes == range.count, (1...2).contains(shape.count) else { throw fault("has the shape \(shape) in \(range.count) bytes of \(type)") }
        let ggml: [Int] = arrangement == .transposed ? shape : shape.reversed()
        guard arrangement != .transposed || shape.count == 2 else { throw fault("has the shape \(shape)") }
        if case .halves(let width) = arrangement, width <= 0 || width % 2 != 0 || shape[0] % width != 0 {
            throw fault("has \(shape[0]) rows, not whole heads of \(width)")
        }
        return TensorInfo(name: name, type: weightType, shape: ggml, offset: range.lowerBound, bytes: bytes, part: part, arrangement: arrangement)
    }
}
