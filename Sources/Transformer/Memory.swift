import CKernels
import Glibc

/// Bytes the system can still hand out, as the kernel estimates it and the process's limit allows; Int.max when unknown.
package func freeMemory() -> Int {
    var free = Int.max
    if let file = fopen("/proc/meminfo", "r") {
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let words = line.prefix { $0 != 0 }.split(separator: 32).map { String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self) }
            if words.first == "MemAvailable:", words.count > 1, let kilobytes = Int(words[1]) { free = kilobytes * 1024 }
        }
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < UInt64(Int.max) {
        free = min(free, max(0, Int(limit.rlim_cur) - processMemory().mapped))
    }
    return free
}

/// What this process has mapped, and what of it is in memory; zeros when unknown. Unit: bytes.
package func processMemory() -> (mapped: Int, resident: Int) {
    guard let file = fopen("/proc/self/statm", "r") else { return (0, 0) }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 128, file) != nil else { return (0, 0) }
    let pages = line.prefix { $0 != 0 }.split(separator: 32).map { Int(String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self)) ?? 0 }
    let size = Int(sysconf(Int32(_SC_PAGESIZE)))
    return pages.count > 1 ? (pages[0] * size, pages[1] * size) : (0, 0)
}

/// Checked floats of the pass: refused memory is an error, not a trap.
package final class Floats {
    package let base: UnsafeMutablePointer<Float>
    package let count: Int
    private let bytes: Int
    package init(_ count: Int, for what: String) throws(ModelError) {
        bytes = max(64, count * MemoryLayout<Float>.size)
        guard let memory = tk_alloc(bytes) else { throw .memory(what: what, needed: bytes, available: freeMemory()) }
        self.count = count
        base = memory.bindMemory(to: Float.self, capacity: count)
    }
    deinit { tk_free(base, bytes) }
}
