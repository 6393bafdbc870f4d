import Document
import Engine
import Terminal
import Tokenizer

/// One token's probability along the document, shown in the place of the list.
package struct Along: Sendable, Equatable {
    package let id: TokenID
    package var isLog = false
    /// Where the cursor stood before. Unit: bytes.
    let origin: Int
}

extension State {
    /// What the worker is asked for.
    var alongWish: Wish.Curve? { isShown(.candidates) ? candidates.along.map { Wish.Curve(id: $0.id) } : nil }

    /// The curve's logprobs as far as they are known: after one id, after two, and so on. Unit: nats.
    package var alongValues: [Double] {
        guard let along = candidates.along, let curve = reading.curve, curve.id == along.id else { return [] }
        return curve.values
    }

    mutating func beginAlong() {
        guard let id = chosenCandidate else { return }
        candidates.along = Along(id: id, origin: editor.cursor)
    }

    mutating func performAlong(_ command: Command) -> [Effect] {
        switch command {
        case .alongLeft: moveAlong(by: -1)
        case .alongRight: moveAlong(by: 1)
        case .alongPageLeft: moveAlong(by: -16)
        case .alongPageRight: moveAlong(by: 16)
        case .alongFirst: moveAlong(to: 0)
        case .alongLast: moveAlong(to: .max)
        case .alongLog: candidates.along?.isLog.toggle()
        case .alongStay: candidates.along = nil
        case .alongBack:
            if run != nil { return interruptRun() }
            if let along = candidates.along {
                editor.move(to: along.origin)
                text.follows = true
            }
            candidates.along = nil
        default: break
        }
        return []
    }

    mutating func moveAlong(by step: Int) { moveAlong(to: here.position + step, forwards: step > 0) }

    /// Takes the document's cursor to the place after so many ids.
    mutating func moveAlong(to position: Int, forwards: Bool = false) {
        let start = here.position, end = reading.lead + readTokens.count
        var target = min(max(max(1, reading.lead), position), end)
        repeat {
            editor.move(to: offset(ofPosition: target))
            target += 1
            // Tokens inside one character have no place of their own: on to the one behind them.
        } while forwards && here.position <= start && target <= end
        text.follows = true
    }

    /// A click on the curve, counted from its inside's corner.
    mutating func clickAlong(x: Int, in rect: Rect) {
        let plan = AlongPlan(Rect(width: rect.width, height: rect.height), count: reading.ids.count)
        if let place = plan.place(atX: x) { moveAlong(to: place) }
    }
}

/// Where the curve stands in a panel: up to three columns a place, or more places a column where there is no room.
package struct AlongPlan: Equatable {
    package let words: Rect, scale: Rect, curve: Rect, axis: Rect
    /// Places a column stands for; the likeliest of them is drawn.
    package let places: Int
    /// Columns that this takes.
    package let width: Int
    package let count: Int

    package init(_ rect: Rect, count: Int) {
        let (words, rest) = rect.split(top: rect.height >= 3 ? 1 : 0)
        let (left, right) = rest.split(left: rect.width >= 30 ? 8 : 0)
        let (curve, axis) = right.split(bottom: rest.height >= 2 ? 1 : 0)
        (self.words, self.curve, self.axis, self.count) = (words, curve, axis, count)
        scale = Rect(x: left.x, y: left.y, width: left.width, height: curve.height)
        places = curve.width > 0 ? max(1, (count + curve.width - 1) / curve.width) : 1
        width = min(3, max(1, curve.width / max(1, count)))
    }

    /// The first column of the place after so many ids.
    package func column(of place: Int) -> Int { curve.x + (max(1, place) - 1) / places * width }

    /// The first place of a column; nil outside the curve.
    package func place(atX x: Int) -> Int? {
        let place = (x - curve.x) / width * places + 1
        return x >= curve.x && place <= count ? place : nil
    }
}
