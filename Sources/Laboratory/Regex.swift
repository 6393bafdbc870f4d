import Glibc

/// POSIX extended regular expressions of the C library, read as UTF-8 whatever the terminal's language is.
extension Matching {
    /// Unit: bytes.
    private static let regexLimit = 1000
    /// Repetitions are written out when compiled, those inside others many times over.
    private static let repetitionLimit = 1000

    /// What is wrong with an expression; nil for a sound one.
    static func problem(_ regex: String) -> String? {
        guard regex.utf8.count <= regexLimit else { return "it is longer than \(regexLimit) bytes" }
        guard !regex.utf8.contains(0) else { return "it holds a zero byte" }
        guard repetitions(regex) <= repetitionLimit else { return "its counts in braces multiply to more than \(repetitionLimit)" }
        return withCompiled(regex, failed: { $0 }, { _ in nil })
    }

    /// What the expression matches first, or its first group.
    static func found(_ regex: String, in text: String) -> String? {
        withCompiled(regex, failed: { _ in nil }) { compiled in
            let bytes = Array(text.utf8)
            var matches = [regmatch_t](repeating: regmatch_t(rm_so: 0, rm_eo: regoff_t(bytes.count)), count: 2)
            let status = bytes.withUnsafeBytes { raw in
                raw.withMemoryRebound(to: CChar.self) { regexec(&compiled, $0.baseAddress, 2, &matches, REG_STARTEND) }
            }
            guard status == 0 else { return nil }
            let match = compiled.re_nsub > 0 ? matches[1] : matches[0]
            // A group that took no part has found nothing.
            guard match.rm_so >= 0, match.rm_so <= match.rm_eo, Int(match.rm_eo) <= bytes.count else { return nil }
            return String(decoding: bytes[Int(match.rm_so)..<Int(match.rm_eo)], as: UTF8.self)
        }
    }

    private static func withCompiled(_ regex: String, failed: (String) -> String?, _ body: (inout regex_t) -> String?) -> String? {
        let language = newlocale(1 << LC_CTYPE | 1 << LC_COLLATE, "C.UTF-8", nil)
        let before = language.map { uselocale($0) }
        defer {
            if let language {
                uselocale(before ?? nil)
                freelocale(language)
            }
        }
        var compiled = regex_t()
        let status = regcomp(&compiled, regex, REG_EXTENDED)
        guard status == 0 else {
            var message = [CChar](repeating: 0, count: 200)
            regerror(status, &compiled, &message, message.count)
            return failed(String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        defer { regfree(&compiled) }
        return body(&compiled)
    }

    /// The product of the highest counts of all braces, or some large number.
    private static func repetitions(_ regex: String) -> Int {
        regex.split(separator: "{").dropFirst().reduce(1) { product, rest in
            let counts = rest.prefix { $0.isNumber || $0 == "," }.split(separator: ",").map { Int($0) ?? repetitionLimit + 1 }
            return min(product, repetitionLimit + 1) * min(max(1, counts.max() ?? 1), repetitionLimit + 1)
        }
    }
}
