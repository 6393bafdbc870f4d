import Glibc

/// Why a model file was refused.
package struct GGUFError: Error, Sendable, Equatable {
    package let file: String
    package let fault: GGUFFault

    package init(_ file: String, _ fault: GGUFFault) {
        self.file = file
        self.fault = fault
    }
}

/// The facts of a refusal.
package enum GGUFFault: Error, Sendable, Equatable {
    case unreadable(errno: Int32)
    case unwritable(errno: Int32)
    case notRegular
    case shortFile(expected: Int, found: Int)
    case notGGUF(found: [UInt8])
    case bigEndian
    case version(found: UInt32)
    case truncated(reading: String, at: Int, needed: Int, left: Int)
    case headerTooLarge(limit: Int)
    case tooMany(String, found: UInt64, limit: Int)
    case notUTF8(String, at: Int)
    case valueType(key: String, found: UInt32)
    case nestedArray(key: String)
    case badBool(key: String, found: UInt8)
    case duplicateKey(String)
    case duplicateTensor(String)
    case badAlignment(found: Int?)
    case badShape(tensor: String, String)
    case weightType(tensor: String, found: UInt32)
    case misaligned(tensor: String, offset: Int, alignment: Int)
    case outsideFile(tensor: String, offset: Int, bytes: Int, room: Int)
    case overlap(String, String)
    case outsideTensor(String, from: Int, count: Int, bytes: Int)
    case laterPart(count: Int)
    case partName(count: Int)
    case otherPart(expected: Int, count: Int)
    case partTensors(expected: Int, found: Int)
}

extension GGUFError: CustomStringConvertible {
    package var description: String { "\(file): \(fault.sentence)" }
}

extension GGUFFault {
    private static let damaged = "; the file is damaged or cut short: download it again."

    package var sentence: String {
        switch self {
        case .unreadable(let code): "cannot be read (\(String(cString: strerror(code)))); check the path and its permissions."
        case .unwritable(let code): "cannot be written (\(String(cString: strerror(code)))); check the folder and the space left."
        case .notRegular: "is not a regular file; give the path of a .gguf file."
        case .shortFile(let expected, let found): "ends at byte \(found), \(expected) were expected" + Self.damaged
        case .notGGUF(let found): "is not a GGUF file (it begins with \(Self.hex(found))); give the path of a .gguf file."
        case .bigEndian: "is a big-endian GGUF file; convert it to little-endian first."
        case .version(let found): "is GGUF version \(found); versions 2 and 3 are read, so convert the model again."
        case .truncated(let reading, let at, let needed, let left):
            "ends within its header: \(reading) at byte \(at) needs \(needed) bytes, \(left) are left" + Self.damaged
        case .headerTooLarge(let limit): "has a header of more than \(limit) bytes; no known model has, so it is not read."
        case .tooMany(let what, let found, let limit): "claims \(found) for \(what), at most \(limit) is possible" + Self.damaged
        case .notUTF8(let what, let at): "has a \(what) at byte \(at) that is not UTF-8" + Self.damaged
        case .valueType(let key, let found): "has an unknown value type \(found) under \(key)" + Self.damaged
        case .nestedArray(let key): "has an array of arrays under \(key), which is not read; convert the model again without it."
        case .badBool(let key, let found): "has \(found) under \(key) where 0 or 1 belongs" + Self.damaged
        case .duplicateKey(let key): "has the key \(key) twice" + Self.damaged
        case .duplicateTensor(let name): "has the tensor \(name) twice" + Self.damaged
        case .badAlignment(let found):
            "has general.alignment \(found.map(String.init) ?? "that is no integer"), not a power of two from 8 to 1048576" + Self.damaged
        case .badShape(let tensor, let what): "tensor \(tensor) \(what)" + Self.damaged
        case .weightType(let tensor, let found):
            "tensor \(tensor) has the unknown weight type \(found); get the model in another quantization."
        case .misaligned(let tensor, let offset, let alignment):
            "tensor \(tensor) begins at \(offset), not a multiple of \(alignment)" + Self.damaged
        case .outsideFile(let tensor, let offset, let bytes, let room):
            "tensor \(tensor) claims \(bytes) bytes from \(offset), the file has \(room) for tensors" + Self.damaged
        case .overlap(let one, let other): "tensors \(one) and \(other) overlap" + Self.damaged
        case .laterPart(let count): "is a later one of a model's \(count) parts; give the path of the first, which ends in -00001-of-\(count).gguf."
        case .partName(let count):
            "is the first of \(count) parts, but its name does not end as -00001-of-00002.gguf does, so the others cannot be found; give it its name back."
        case .otherPart(let expected, let count): "does not say that it is part \(expected) of \(count); fetch the parts of one model."
        case .partTensors(let expected, let found): "says that its parts hold \(expected) tensors, they hold \(found)" + Self.damaged
        case .outsideTensor(let tensor, let from, let count, let bytes):
            "tensor \(tensor) has \(bytes) bytes, \(count) from \(from) were asked for; this is a defect of Terrarium, please report it."
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
