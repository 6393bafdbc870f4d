/// A change at a named place of the pass: a value that can be printed, saved and replayed.
package struct Edit: Sendable, Hashable {
    package enum Change: Sendable, Hashable {
        case zero
        /// The mean over the positions of the text the edit is made on; a session turns it into `replace` before a pass.
        case mean
        case scale(Float)
        case replace([Float])
        case add([Float])
    }
    /// Where an edit can be made.
    package static let sites: [Site] = [.residPre, .z, .attnOut, .residMid, .mlpOut, .residPost]

    package let site: Site, layer: Int
    /// Of `z`; nil for all heads.
    package let head: Int?
    /// Nil for every position, those to come included.
    package let positions: Range<Int>?
    package let change: Change

    package init(_ site: Site, layer: Int, head: Int? = nil, positions: Range<Int>? = nil, _ change: Change) {
        (self.site, self.layer, self.head, self.positions, self.change) = (site, layer, head, positions, change)
    }

    package func with(_ change: Change) -> Edit { Edit(site, layer: layer, head: head, positions: positions, change) }

    package func touches(_ position: Int) -> Bool { positions?.contains(position) ?? true }

    /// The part of a column's values at its site that it changes.
    package func range(in shape: Architecture) -> Range<Int> {
        guard site == .z else { return 0..<shape.width }
        return head.map { $0 * shape.headWidth..<($0 + 1) * shape.headWidth } ?? 0..<shape.heads * shape.headWidth
    }

    /// - Throws: what of it a model does not have.
    package func check(in shape: Architecture) throws(EditError) {
        guard Self.sites.contains(site) else { throw .site(site) }
        guard (0..<shape.layers).contains(layer) else { throw .layer(layer, of: shape.layers) }
        if let head {
            guard site == .z else { throw .headless(site) }
            guard (0..<shape.heads).contains(head) else { throw .head(head, of: shape.heads) }
        }
        if let positions, positions.lowerBound < 0 { throw .position(positions.lowerBound) }
        switch change {
        case .zero, .mean: break
        case .scale(let factor): if !factor.isFinite { throw .notFinite }
        case .replace(let vector), .add(let vector):
            let width = range(in: shape).count
            guard vector.count == width else { throw .width(vector.count, expected: width) }
            guard vector.allSatisfy(\.isFinite) else { throw .notFinite }
        }
    }
}

/// Why an edit cannot be made: facts, with the prose in one place.
package enum EditError: Error, Sendable, Equatable, CustomStringConvertible {
    case site(Site)
    case layer(Int, of: Int)
    case head(Int, of: Int)
    case headless(Site)
    case position(Int)
    case width(Int, expected: Int)
    case notFinite
    case noMean

    package var description: String {
        switch self {
        case .site(let site): "\(site.rawValue) cannot be edited; use \(Edit.sites.map(\.rawValue).joined(separator: ", "))"
        case let .layer(layer, count): "an edit names layer \(layer); this model has 0 to \(count - 1)"
        case let .head(head, count): "an edit names head \(head); this model has 0 to \(count - 1)"
        case .headless(let site): "an edit of \(site.rawValue) names a head; only z has heads"
        case .position(let position): "an edit names position \(position); they go from 0 up"
        case let .width(found, expected): "an edit has \(found) values where the model has \(expected); it was made for another model or place"
        case .notFinite: "an edit holds a number that is not finite; leave it out"
        case .noMean: "there are no positions to take a mean of; give the text first"
        }
    }
}

extension Edit: Codable {
    private enum Key: String, CodingKey { case site, layer, head, positions, change, factor, vector }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(site, forKey: .site)
        try values.encode(layer, forKey: .layer)
        try values.encodeIfPresent(head, forKey: .head)
        try values.encodeIfPresent(positions.map { [$0.lowerBound, $0.upperBound] }, forKey: .positions)
        try values.encode(change.name, forKey: .change)
        switch change {
        case .zero, .mean: break
        case .scale(let factor): try values.encode(factor, forKey: .factor)
        case .replace(let vector), .add(let vector): try values.encode(vector, forKey: .vector)
        }
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        site = try values.decode(Site.self, forKey: .site)
        layer = try values.decode(Int.self, forKey: .layer)
        head = try values.decodeIfPresent(Int.self, forKey: .head)
        positions = try values.decodeIfPresent([Int].self, forKey: .positions).map { ends in
            guard ends.count == 2, ends[0] <= ends[1] else {
                throw DecodingError.dataCorruptedError(forKey: .positions, in: values, debugDescription: "expected [first, end]")
            }
            return ends[0]..<ends[1]
        }
        change = switch try values.decode(String.self, forKey: .change) {
        case "zero": .zero
        case "mean": .mean
        case "scale": .scale(try values.decode(Float.self, forKey: .factor))
        case "replace": .replace(try values.decode([Float].self, forKey: .vector))
        case "add": .add(try values.decode([Float].self, forKey: .vector))
        case let other: throw DecodingError.dataCorruptedError(forKey: .change, in: values, debugDescription: "unknown change \(other)")
        }
    }
}

extension Edit.Change {
    package var name: String {
        switch self {
        case .zero: "zero"
        case .mean: "mean"
        case .scale: "scale"
        case .replace: "replace"
        case .add: "add"
        }
    }
}

/// Edits as the pass asks for them: by place, in their order.
package final class EditTable: Sendable {
    private struct Place: Hashable { let site: Site, layer: Int }
    package let edits: [Edit]
    private let places: [Place: [(edit: Edit, range: Range<Int>)]]

    /// - Throws: `EditError` for an edit that the model has no place for.
    package init(_ edits: [Edit], _ shape: Architecture) throws(EditError) {
        for edit in edits { try edit.check(in: shape) }
        self.edits = edits
        places = Dictionary(grouping: edits.map { ($0, $0.range(in: shape)) }) { Place(site: $0.0.site, layer: $0.0.layer) }
    }

    func has(_ site: Site, _ layer: Int) -> Bool { places[Place(site: site, layer: layer)] != nil }

    /// Changes one column's values at a place.
    func apply(_ site: Site, _ layer: Int, position: Int, _ values: UnsafeMutablePointer<Float>) {
        for (edit, range) in places[Place(site: site, layer: layer)] ?? [] where edit.touches(position) {
            let own = values + range.lowerBound
            switch edit.change {
            // A session has turned it into `replace`.
            case .mean: break
            case .zero: own.update(repeating: 0, count: range.count)
            case .scale(let factor): for i in 0..<range.count { own[i] *= factor }
            case .replace(let vector): for i in 0..<range.count { own[i] = vector[i] }
            case .add(let vector): for i in 0..<range.count { own[i] += vector[i] }
            }
        }
    }
}
