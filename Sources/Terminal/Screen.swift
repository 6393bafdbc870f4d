/// Something that shows frames: curses in the program, memory in tests.
package protocol Screen: AnyObject {
    var size: (width: Int, height: Int) { get }
    /// Shows the frame; writes only what differs from the one before.
    func show(_ frame: Frame)
    /// Draws everything again at the next `show`.
    func invalidate()
    /// Offers text to the terminal's clipboard.
    func copy(_ bytes: [UInt8])
}

/// A screen for tests: keeps what was shown.
package final class MemoryScreen: Screen {
    package var size: (width: Int, height: Int)
    package private(set) var frames: [Frame] = []
    package private(set) var clipboard: [UInt8] = []
    package private(set) var invalidations = 0

    package init(width: Int, height: Int) { size = (width, height) }

    package var last: Frame? { frames.last }
    package func show(_ frame: Frame) { frames.append(frame) }
    package func invalidate() { invalidations += 1 }
    package func copy(_ bytes: [UInt8]) { clipboard = bytes }
}
