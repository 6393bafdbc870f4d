import CKernels

/// Columns prepared for multiplication, as int16 in blocks of 32 and as plain floats; only the kind that is needed is made.
/// Plain data over memory that the pass owns.
struct Activations {
    private let integer: UnsafeMutableRawPointer, float: UnsafeMutableRawPointer
    let stride: Int

    /// Bytes for `count` columns of up to `columns` inputs.
    static func bytes(columns: Int, count: Int) -> Int { 2 * count * tk_act_bytes(columns) }

    init(_ memory: UnsafeMutableRawPointer, columns: Int, count: Int) {
        stride = tk_act_bytes(columns)
        integer = memory
        float = memory + count * stride
    }

    func prepare(_ c: Int, _ x: UnsafePointer<Float>, _ columns: Int, for kinds: Linear.Kinds) {
        if kinds.contains(.integer) { tk_act(Int32(TK_Q8_0.rawValue), x, columns, integer + c * stride) }
        if kinds.contains(.float) { tk_act(Int32(TK_F32.rawValue), x, columns, float + c * stride) }
    }

    func pointer(for w: Linear) -> UnsafeRawPointer { UnsafeRawPointer(w.isFloat ? float : integer) }
}
