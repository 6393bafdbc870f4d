import Engine
import Testing
import Transformer

extension Passes {
    @Suite("Edits as they are written") struct InterventionTests {
        @Test("A line is read, printed the same, and read again", arguments: [
            "L17 H4 zero", "L20 mlpOut scale 0.5 at 12-31", "L5 residPre mean", "L12 residPost from 7 at 30", "L0 z zero",
            #"L12 residPost from 7 of "Rome is \"old\"\n" at 30"#, #"L14 residPost add 4.0 "Love" - "Hate""#,
        ])
        func roundTrip(line: String) throws {
            let one = try Intervention(line)
            #expect("\(one)" == line)
            #expect(try Intervention("\(one)") == one)
        }

        @Test("What is not understood is named, with what would be", arguments: [
            ("", "L17 H4 zero"), ("17 H4 zero", "as L17"), ("L1 foo zero", "foo is no place"), ("L1 H2 kill", "kill is no change"),
            ("L1 H2 scale", "number is missing"), ("L1 H2 zero 3", "at 12"), ("L1 H2 zero at 9-3", "at 12"), (#"L1 mlpOut add 2 "a" "b""#, "two texts"),
        ])
        func refusals(line: String, words: String) {
            do throws(Intervention.Fault) {
                _ = try Intervention(line)
                Issue.record("\(line) was taken")
            } catch { #expect("\(error)".contains(words), "\(error)") }
        }

        static let shape = TinyModel(type: .q4_1, headType: .q8_0, layers: 3)
        private func session(_ count: Int = 40) throws -> Session {
            let session = try Session(Self.shape.model(), threads: 2)
            _ = try session.sync(to: Self.shape.ids(count))
            return session
        }

        @Test("A patch from the same position changes no bit, one from another does, and a missing position is refused")
        func patch() throws {
            let session = try session(), plain = try Numbers(session)
            for site in Edit.sites {
                let own = try #require(try session.fork(edits: session.edits([Intervention(site, layer: 1, positions: 9..<10, .from(position: 9, text: nil))])))
                #expect(try Numbers(own).differences(from: plain).isEmpty, "\(site)")
                let other = try #require(try session.fork(edits: session.edits([Intervention(site, layer: 1, positions: 9..<10, .from(position: 20, text: nil))])))
                #expect(try Numbers(other).logits[9...] != plain.logits[9...])
            }
            #expect(throws: EngineError.self) { try session.edits([Intervention(.residPre, layer: 0, .from(position: 40, text: nil))]) }
            #expect(throws: EngineError.self) { try session.edits([Intervention(.residPre, layer: 7, .zero)]) }
            #expect(session.tokens.count == 40)
        }

        @Test("The whole stream patched in at every position is the other text's from there on")
        func whole() throws {
            let session = try session(12)
            let other = session.fork()
            _ = try other.sync(to: Array(session.tokens.prefix(11)) + [7])
            let expected = Distribution(logits: try other.logits(after: 11))
            // The last position's stream before layer 0 is its embedding: with it, the text is the other.
            let tap = Watcher([.residPre])
            try #require(try Session(session.model, threads: 1)).watch(tap, other.tokens)
            let row = try #require(tap.seen[Watcher.Place(site: .residPre, layer: 0, position: 11)])
            let patched = try #require(try session.fork(edits: [Edit(.residPre, layer: 0, positions: 11..<12, .replace(row))]))
            #expect(Distribution(logits: try patched.logits(after: 11)).logits == expected.logits)
        }
    }
}

extension Session {
    fileprivate func watch(_ tap: Watcher, _ ids: [Int32]) throws { _ = try sync(to: ids, taps: [tap]) }
}
