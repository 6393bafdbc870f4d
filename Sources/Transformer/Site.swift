/// A named place in the forward pass; the names are TransformerLens's.
package enum Site: String, Sendable, CaseIterable, Codable {
    case residPre, q, k, v, z, attnOut, residMid, mlpOut, residPost
}

/// An observer of the pass. It is asked first whether it wants a place, and changes no bit.
package protocol Tap: AnyObject {
    func wants(_ site: Site, layer: Int) -> Bool
    /// Called by several threads at once, each with columns of its own.
    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>)
}
