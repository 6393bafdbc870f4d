import Glibc

extension [UInt8] {
    /// How many bytes two texts share at their beginning, and how many of the others at their end.
    ///
    /// It is asked of whole documents with every key: blocks are compared first.
    package func sharedEnds(with other: [UInt8]) -> (prefix: Int, suffix: Int) {
        let shortest = Swift.min(count, other.count), block = 4096
        return withUnsafeBytes { one in
            other.withUnsafeBytes { other in
                guard let start = one.baseAddress, let otherStart = other.baseAddress else { return (0, 0) }
                let end = start + one.count, otherEnd = otherStart + other.count
                var prefix = 0, suffix = 0
                while prefix + block <= shortest, memcmp(start + prefix, otherStart + prefix, block) == 0 { prefix += block }
                while prefix < shortest, one[prefix] == other[prefix] { prefix += 1 }
                let rest = shortest - prefix
                while suffix + block <= rest, memcmp(end - suffix - block, otherEnd - suffix - block, block) == 0 { suffix += block }
                while suffix < rest, one[one.count - 1 - suffix] == other[other.count - 1 - suffix] { suffix += 1 }
                return (prefix, suffix)
            }
        }
    }
}
