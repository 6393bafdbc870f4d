import Terminal
import Testing

@Suite struct RectTests {
    @Test("Splits tile the box and never go below zero")
    func splits() {
        for (width, height) in [(0, 0), (1, 1), (7, 3), (120, 30)] {
            let box = Rect(x: 3, y: 4, width: width, height: height)
            for n in [-5, 0, 1, 2, 50, Int.max, Int.min] {
                let left = box.split(left: n)
                #expect(left.left.width + left.rest.width == width && left.rest.x == left.left.maxX)
                let right = box.split(right: n)
                #expect(right.rest.width + right.right.width == width && right.right.maxX == box.maxX)
                let top = box.split(top: n)
                #expect(top.top.height + top.rest.height == height && top.rest.y == top.top.maxY)
                let bottom = box.split(bottom: n)
                #expect(bottom.rest.height + bottom.bottom.height == height && bottom.bottom.maxY == box.maxY)
                let inner = box.inset(dx: n, dy: n)
                #expect(inner.width >= 0 && inner.height >= 0)
            }
            for count in [1, 2, 4, 9] {
                #expect(box.columns(count).reduce(0) { $0 + $1.width } == width)
                #expect(box.rows(count).reduce(0) { $0 + $1.height } == height)
            }
        }
    }

    @Test("Coordinates saturate instead of overflowing")
    func saturates() {
        var box = Rect(x: .max, y: .min, width: .max, height: -1)
        #expect(box.maxX > 0 && box.maxY < 0 && box.height == 0)
        box.x = .min
        box.width = -3
        #expect(box.isEmpty && box.maxX < 0)
        #expect(box.intersection(Rect(x: 0, y: 0, width: 5, height: 5)).isEmpty)
        #expect(Rect(width: 4, height: 4).intersection(Rect(x: 2, y: -1, width: 9, height: 3)) == Rect(x: 2, y: 0, width: 2, height: 2))
        #expect(!Rect(width: 4, height: 4).contains(x: 4, y: 0))
        #expect(Rect(width: 4, height: 2).row(2).isEmpty)
    }
}
