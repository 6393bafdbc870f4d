import ArgumentParser
import Engine
import GGUF
import Glibc
import JSONText
import Scale
import Workbench

/// From the models here to a hundred trillion parameters, and what one of them would take.
struct ScaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Show models by their parameters, from those here to a hundred trillion; or what one would take.",
        discussion: "Predicted losses are of published laws, fitted on other text and other tokens than any model here has.")

    @Argument(help: "What one row would take: its name, or a model's file.") var row: String?
    @Option(parsing: .unconditional, help: ArgumentHelp(
        "Sizes of your own instead of a row, as 'layers=96 width=12288 heads=96 kv_heads=8 ffn=49152 vocabulary=50257 context=2048 gated=true biases=false tied=true'.",
        valueName: "sizes"))
    var sizes: String?
    @Option(help: ArgumentHelp("So many times the model: as deep as wide.", valueName: "factor")) var times = 1.0
    @Option(help: ArgumentHelp("Tokens of training data; else what the row was trained on, or twenty a parameter.", valueName: "n")) var tokens: Double?
    @Option(help: ArgumentHelp("Bits a weight.", valueName: "n")) var bits = 16.0
    @Option(parsing: .unconditionalSingleValue, help: ArgumentHelp(
        "A device of your own, as 'laptop 16e9 50e9 1e12': bytes of memory, bytes a second, FLOPs a second (- where unknown).", valueName: "device"))
    var device: [String] = []
    @Flag(help: "Print one JSON object.") var json = false
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if row != nil, sizes != nil { throw ValidationError("Give a row or --sizes, not both.") }
        for (name, value) in [("times", times), ("tokens", tokens ?? 1), ("bits", bits)] where !(value > 0 && value.isFinite) {
            throw ValidationError("--\(name) is \(value); it must be a number above 0.")
        }
    }

    func run() throws {
        let devices = try device.map(Self.device) + Hardware.known, rows = try all()
        var output = Output()
        if let sizes {
            let own = try SizesLine.parse(sizes)
            try write(ScaleRow("your own", Double(own.parts.total), own, source: "--sizes"), parts: nil, devices, &output)
        } else if let row {
            let found = try find(row, rows)
            try write(found.row, parts: found.parts, devices, &output)
        } else if json {
            try output.line(JSON.object([("rows", .array(rows.map { Self.json($0.row) }))]).text)
        } else {
            try output.write(Chart(rows.map(\.row)).text.utf8)
        }
        try output.flush()
    }

    /// A row, and of a model here the exact parts of its file.
    private typealias Found = (row: ScaleRow, parts: Sizes.Parts?)

    /// The known rows and the models here, the smallest first.
    private func all() throws -> [Found] {
        var files = ModelPlaces(Locations()).files.map(\.path)
        if let own = model.path, !files.contains(own) { files.append(own) }
        let here: [Found] = files.compactMap { path in (try? ModelFile.header(path, tokenizer: false)).map { Self.here($0) } }
        return (here + ScaleRow.known.map { ($0, nil) }).sorted { $0.row.count < $1.row.count }
    }

    private static func here(_ gguf: GGUF) -> Found {
        let summary = ModelSummary(gguf), parts = Sizes.Parts(gguf)
        return (ScaleRow(summary.title, Double(parts.total), Sizes(gguf), kind: .here, source: gguf.path), parts)
    }

    private func find(_ name: String, _ rows: [Found]) throws -> Found {
        if access(name, F_OK) == 0 { return Self.here(try ModelFile.header(name, tokenizer: false)) }
        let wanted = name.lowercased(), matches = rows.filter { $0.row.name.lowercased().contains(wanted) }
        if let exact = matches.first(where: { $0.row.name.lowercased() == wanted }) ?? (matches.count == 1 ? matches[0] : nil) { return exact }
        let names = (matches.isEmpty ? rows : matches).map(\.row.name).joined(separator: ", ")
        throw Failure.usage("\(name) is \(matches.isEmpty ? "no row" : "in several rows") and no file: \(names).")
    }

    private static func device(_ line: String) throws -> Hardware {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 4, let memory = Double(words[1]), let bandwidth = Double(words[2]), memory >= 1, bandwidth >= 1,
              words[3] == "-" || Double(words[3]).map({ $0 >= 1 }) == true else {
            throw Failure.usage("--device '\(line)': it wants a name, bytes of memory, bytes a second and FLOPs a second (- where unknown).")
        }
        return Hardware(name: words[0], memory: memory, bandwidth: bandwidth, arithmetic: Double(words[3]), source: "--device")
    }

    // MARK: What one would take

    private func write(_ row: ScaleRow, parts: Sizes.Parts?, _ devices: [Hardware], _ output: inout Output) throws {
        guard row.count * times <= 1e18, row.count * times >= 1 else { throw Failure.usage("\(row.name) times \(times) is not between one parameter and a quintillion.") }
        let take = Taking(row, parts: parts, times: times, tokens: tokens, bits: bits)
        if json { return try output.line(take.json(devices).text) }
        try output.write(take.text(devices).utf8)
    }

    fileprivate static func json(_ row: ScaleRow) -> JSON {
        .object([("name", .string(row.name)), ("kind", .string(row.kind.rawValue)), ("parameters", .number(row.count)), ("published", .number(row.published)),
                 ("tokens", row.tokens.map { .number($0) } ?? .null), ("source", .string(row.source)), ("remark", .string(row.remark))])
    }
}

/// Rows with bars whose length is the logarithm of their parameters.
private struct Chart {
    let rows: [ScaleRow]
    init(_ rows: [ScaleRow]) { self.rows = rows }

    var text: String {
        // From a million to a quadrillion, four columns a power of ten.
        let names = rows.map { Visible.line($0.name) }, width = min(32, names.map(\.count).max() ?? 0)
        func padded(_ text: String, _ width: Int) -> String { text.count > width ? String(text.prefix(width - 1)) + "…" : text + String(repeating: " ", count: width - text.count) }
        let powers = stride(from: 6, through: 14, by: 2).map { padded("|1e\($0)", 8) }.joined()
        var lines = [padded("", width + 12) + powers]
        for (row, name) in zip(rows, names) {
            let length = max(1, Int(((logarithm(row.count) / logarithm(10) - 6) * 4).rounded()))
            let bar = String(repeating: row.kind == .here ? "█" : row.kind == .brain ? "░" : "▒", count: min(40, length))
            lines.append(padded(name, width) + padded("  " + Taking.short(row.count), 12) + padded(bar, 38) + (row.remark.isEmpty ? row.source : row.remark + "; " + row.source))
        }
        return lines.map { Visible.line($0) }.joined(separator: "\n") + "\n"
    }
}

/// What a row would take, multiplied as asked.
private struct Taking {
    let row: ScaleRow, times: Double, bits: Double
    let sizes: Sizes?, parts: Sizes.Parts?
    let parameters: Double, tokens: Double

    init(_ row: ScaleRow, parts: Sizes.Parts?, times: Double, tokens: Double?, bits: Double) {
        (self.row, self.times, self.bits) = (row, times, bits)
        sizes = times == 1 ? row.sizes : row.sizes?.multiplied(by: times)
        self.parts = times == 1 ? parts ?? sizes?.parts : sizes?.parts
        parameters = self.parts.map { Double($0.total) } ?? row.count * times
        self.tokens = tokens ?? (times == 1 ? row.tokens : nil) ?? Law.chinchillaTokens(parameters: parameters)
    }

    /// Unit: bytes.
    private var weights: Double { parameters * bits / 8 }
    private var cache: Double { sizes.map { $0.cacheBytes(tokens: $0.context) } ?? 0 }
    private var tokenFLOPs: Double { sizes?.forwardFLOPs(position: 0) ?? 2 * parameters }
    private var thumb: Double { Sizes.trainingFLOPs(parameters: parameters, tokens: tokens) }
    private var exact: Double? { sizes?.trainingFLOPs(tokens: tokens) }
    private var withoutEmbedding: Double { parts.map { Double($0.withoutEmbedding) } ?? parameters }
    private func bill(_ device: Hardware) -> Hardware.Bill { device.bill(bytes: weights + cache, tokenFLOPs: tokenFLOPs, trainingFLOPs: exact ?? thumb) }

    static func short(_ number: Double, _ units: [String] = ["", "k", "M", "B", "T", "P", "E"]) -> String {
        var value = number, unit = 0
        while value >= 999.5, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        return fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + (units[unit].isEmpty ? "" : " " + units[unit])
    }

    /// As 3.14e23.
    private static func power(_ number: Double) -> String {
        var value = number, exponent = 0
        while value >= 9.995 { (value, exponent) = (value / 10, exponent + 1) }
        return fixed(value, 2) + "e\(exponent)"
    }

    private static func time(_ seconds: Double) -> String {
        for (limit, unit, name) in [(1e-3, 1e-6, "µs"), (1, 1e-3, "ms"), (120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h"), (86_400 * 730, 86_400, "days")] where seconds < limit {
            return "\(fixed(seconds / unit, seconds / unit < 10 ? 2 : 0)) \(name)"
        }
        return "\(short(seconds / 86_400 / 365)) years"
    }

    func text(_ devices: [Hardware]) -> String {
        var lines = ["\(row.name)\(times == 1 ? "" : " × \(Self.short(times))")  \(parts.map { "\($0.total)" } ?? Self.short(parameters)) parameters  (\(row.source))"]
        if !row.remark.isEmpty { lines.append("  \(row.remark)") }
        if row.kind == .brain { lines.append("  read as if each were a parameter, which is the article's comparison and not a finding:") }
        if let sizes {
            lines.append("sizes      \(sizes.layers) layers, width \(sizes.width), \(sizes.heads) heads (\(sizes.kvHeads) for keys) of \(sizes.headWidth), "
                + "feed-forward \(sizes.hidden), vocabulary \(sizes.vocabulary), context \(sizes.context)")
        }
        if let parts { lines.append("parts      " + parts.rows.filter { $0.count > 0 }.map { "\($0.name) \($0.count)" }.joined(separator: ", ")) }
        let bytes = ["B", "KB", "MB", "GB", "TB", "PB"]
        lines.append("memory     weights \(Self.short(weights, bytes)) at \(fixed(bits, bits == bits.rounded() ? 0 : 1)) bits" + (sizes.map { ", keys and values of \($0.context) tokens \(Self.short(cache, bytes)) at 16 bits" } ?? ""))
        lines.append("one token  \(Self.power(tokenFLOPs)) FLOPs" + (sizes.map { ", behind a full context \(Self.power($0.forwardFLOPs(position: $0.context - 1)))" } ?? " (two a parameter)"))
        lines.append("training   \(Self.power(tokens)) tokens: \(Self.power(thumb)) FLOPs by 6ND" + (exact.map { ", \(Self.power($0)) counted" } ?? "") + "; Chinchilla's twenty a parameter are \(Self.power(Law.chinchillaTokens(parameters: parameters)))")
        lines.append("loss       \(fixed(Law.hoffmann(parameters: parameters, tokens: tokens), 3)) nats a token = \(Law.hoffmannFormula)  (Hoffmann et al. 2022)")
        lines.append("           \(fixed(Law.kaplan(parameters: withoutEmbedding, tokens: tokens), 3)) = \(Law.kaplanBothFormula); \(fixed(Law.kaplan(parameters: withoutEmbedding), 3)) = \(Law.kaplanFormula)  (Kaplan et al. 2020, N without embeddings)")
        var table = Table(["device", "hold it", "a token, by memory", "by arithmetic", "training", "source"], right: [1, 2, 3, 4])
        for device in devices {
            let bill = bill(device)
            table.add([device.name, "\(bill.devices)", Self.time(bill.byBandwidth), bill.byArithmetic.map(Self.time) ?? "-", bill.training.map { Self.time($0 * 86_400) } ?? "-", device.source])
        }
        return lines.map { Visible.line($0) }.joined(separator: "\n") + "\n\n" + table.text + "Times of all devices together that hold the model; training at \(fixed(Hardware.utilisation * 100, 0)) % of their arithmetic.\n"
    }

    func json(_ devices: [Hardware]) -> JSON {
        func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
        let loss: [(String, JSON)] = [
            ("hoffmann", .number(Law.hoffmann(parameters: parameters, tokens: tokens))),
            ("kaplan", .number(Law.kaplan(parameters: withoutEmbedding, tokens: tokens))), ("kaplan_endless", .number(Law.kaplan(parameters: withoutEmbedding))),
        ]
        let bills = devices.map { device in
            let bill = bill(device)
            let fields: [(String, JSON)] = [
                ("name", .string(device.name)), ("devices", .integer(bill.devices)), ("seconds_by_bandwidth", .number(bill.byBandwidth)),
                ("seconds_by_arithmetic", number(bill.byArithmetic)), ("training_days", number(bill.training)), ("source", .string(device.source)),
            ]
            return JSON.object(fields)
        }
        let own: [(String, JSON)] = (parts?.rows ?? []).map { ($0.name, .integer($0.count)) }
        let fields: [(String, JSON)] = [
            ("row", ScaleCommand.json(row)), ("times", .number(times)), ("parameters", .number(parameters)),
            ("parts", parts == nil ? .null : .object(own)), ("bits", .number(bits)),
            ("weights_bytes", .number(weights)), ("cache_bytes", sizes == nil ? .null : .number(cache)), ("token_flops", .number(tokenFLOPs)),
            ("tokens", .number(tokens)), ("training_flops_6nd", .number(thumb)), ("training_flops", number(exact)),
            ("chinchilla_tokens", .number(Law.chinchillaTokens(parameters: parameters))), ("loss", .object(loss)), ("devices", .array(bills)),
        ]
        return .object(fields)
    }
}
