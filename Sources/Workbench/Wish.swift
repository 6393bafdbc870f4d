import Engine
import Laboratory
import Remote
import Tokenizer
import Transformer

/// A head by its layer and number.
package struct HeadID: Sendable, Hashable, Comparable {
    package var layer: Int, head: Int
    package init(_ layer: Int, _ head: Int) { (self.layer, self.head) = (layer, head) }
    package static func < (a: HeadID, b: HeadID) -> Bool { (a.layer, a.head) < (b.layer, b.head) }
    package var name: String { "L\(layer)·H\(head)" }
}

/// All that the screen wants to know of the model now. The worker serves its parts in order, the nearest to the
/// cursor first, and drops what is left when a newer wish comes.
package struct Wish: Sendable, Equatable {
    /// What the attention panel shows; positions count from the first of `ids`.
    package struct Attention: Sendable, Equatable {
        /// The query whose rows of all heads are wanted.
        package var query: Int
        package var look = Look()
        /// What rows are made of: of which queries the mean, and whether each weight is multiplied by its value's length.
        package struct Look: Sendable, Equatable {
            /// In place of the one query.
            package var span: Range<Int>?
            package var isValued = false
            package init(span: Range<Int>? = nil, isValued: Bool = false) { (self.span, self.isValued) = (span, isValued) }
        }
        /// Whether previous, duplicate and induction scores are wanted.
        package var scores = false
        /// Heads whose mean map is wanted; empty for none.
        package var map: [HeadID] = []
        /// Heads and a key: how much every query looks at it.
        package var column: Column?
        package struct Column: Sendable, Equatable {
            package var heads: [HeadID], key: Int, isValued: Bool
            package init(heads: [HeadID], key: Int, isValued: Bool = false) { (self.heads, self.key, self.isValued) = (heads, key, isValued) }
        }
        /// Heads whose rows' entropies are wanted all along the text.
        package var spread: [HeadID] = []
        package init(query: Int) { self.query = query }
    }
    /// Counts the changes of `ids`; reports carry it back.
    package var version = 0
    /// The whole document as the model reads it.
    package var ids: [TokenID] = []
    /// The shown distribution follows this many ids.
    package var position = 0
    /// Counts the wishes, so that the end of one is not taken for that of another.
    package var number = 0
    /// What the model is changed by.
    package var edits: [Intervention] = []
    /// Whether the unmodified model's prediction is wanted too.
    package var before = false
    /// How many leading ids have been measured already.
    package var measured = 0
    package var attention: Attention?
    package var lens: Lens?
    /// Positions whose stages are wanted, the nearest first.
    package struct Lens: Sendable, Equatable {
        package struct Place: Sendable, Equatable {
            package var position: Int
            /// Whose rank is wanted; nil for the likeliest.
            package var token: TokenID?
            package init(position: Int, token: TokenID?) { (self.position, self.token) = (position, token) }
        }
        package var places: [Place], halves: Bool
        /// Positions that need not be looked at again.
        package var known: Set<Int> = []
        package init(places: [Place], halves: Bool) { (self.places, self.halves) = (places, halves) }
    }
    /// A logit, or the difference of two, that is to be split into its parts.
    package var attributed: Attributed?
    package struct Attributed: Sendable, Hashable {
        package var position: Int
        /// Nil for the likeliest.
        package var token: TokenID?, against: TokenID?
        package init(position: Int, token: TokenID?, against: TokenID? = nil) { (self.position, self.token, self.against) = (position, token, against) }
    }
    /// A text whose probability after `position` is wanted.
    package var sought: [TokenID] = []
    /// A token whose logprob after every id is wanted.
    package var curve: Curve?
    package struct Curve: Sendable, Equatable {
        package var id: TokenID
        /// After how many leading ids it is known already.
        package var known = 0
        package init(id: TokenID) { self.id = id }
    }
    /// Answers of a few-shot prompt that are to be scored.
    package var asked: Asked?
    package struct Asked: Sendable, Equatable {
        /// Counts the changes of the questions; reports carry it back.
        package var version: Int
        /// Answered group by group: the first with the numbers of the cursor, the others behind those of the document.
        package var groups: [[Question]]
        /// How many groups are answered already.
        package var known = 0
        /// The prompt, where its last token looks is wanted.
        package var attending: [TokenID]
        package init(version: Int, groups: [[Question]], attending: [TokenID]) {
            (self.version, self.groups, self.attending) = (version, groups, attending)
        }
    }
    /// The logprobs of `ids[from...]`, each given all before it, are wanted.
    package struct Question: Sendable, Equatable {
        package var ids: [TokenID], from: Int
        package init(ids: [TokenID], from: Int) { (self.ids, self.from) = (ids, from) }
    }
    package init() {}
}

/// A continuation to be drawn.
package struct Order: Sendable, Equatable {
    package var run: Int
    package var ids: [TokenID]
    package var sampling: Sampling
    package var seed: UInt64
    /// Several continuations beside each other, the i-th by seed + i; nil for the one that goes into the document.
    package var streams: Int?
    /// What the model is changed by.
    package var edits: [Intervention] = []
    /// Where the one pauses.
    package var breakpoints = Breakpoints()
}

/// A token after a text, whose logprob every head's ablation changes.
package struct AblationOrder: Sendable, Equatable {
    package var number: Int
    package var ids: [TokenID], token: TokenID
    package init(number: Int, ids: [TokenID], token: TokenID) { (self.number, self.ids, self.token) = (number, ids, token) }
}

/// Another text of as many tokens, whose values are put in at every layer and position alone.
package struct PatchOrder: Sendable, Equatable {
    package var number: Int
    package var ids: [TokenID], source: [TokenID], site: Site
    /// Whose logprob is watched, and less whose; nil for the likeliest of the other text and of this one.
    package var token: TokenID?, against: TokenID?
    package init(number: Int, ids: [TokenID], source: [TokenID], site: Site, token: TokenID? = nil, against: TokenID? = nil) {
        (self.number, self.ids, self.source, self.site, self.token, self.against) = (number, ids, source, site, token, against)
    }
}

/// What is new of one of several streams.
package struct StreamNews: Sendable {
    package var stream: Int
    package var tokens: [Generation.Token] = []
    /// What a server wrote, in place of tokens of a model here.
    package var told: [TextToken] = []
    package var end: TextEnd?
    package init(stream: Int, told: [TextToken] = [], end: TextEnd? = nil) { (self.stream, self.told, self.end) = (stream, told, end) }
}

/// Two texts to be compared, or one text that two settings continue.
package struct CompareOrder: Sendable, Equatable {
    package var number: Int
    /// With settings both are the text that is continued.
    package var a: [TokenID], b: [TokenID]
    package var settings: Comparing.Settings?
    /// What the model of the second is changed by.
    package var edits: [Intervention] = []
    /// The fingerprint of the second's model, where it is another; it lies beside the worker's own.
    package var beside: String?
    /// What a server has drawn in place of the second, and its end.
    package var told: [TextToken]?
    package var toldEnd = TextEnd.cut
    /// Its tokenizer, where its ids mean other tokens.
    package var tokenizer: Tokenizer?
    package static func == (one: CompareOrder, other: CompareOrder) -> Bool {
        one.number == other.number && one.a == other.a && one.b == other.b && one.settings == other.settings && one.edits == other.edits
            && one.beside == other.beside && one.tokenizer === other.tokenizer
            && one.told == other.told && one.toldEnd == other.toldEnd
    }
    package init(number: Int, a: [TokenID], b: [TokenID], settings: Comparing.Settings? = nil) {
        (self.number, self.a, self.b, self.settings) = (number, a, b, settings)
    }
}

/// What comes back from the worker.
package enum Report: Sendable {
    case loading(Double)
    case loaded(Model)
    case noModel(String)
    /// A second model, to compare the first with; or why there is none.
    case beside(Model), notBeside(String)
    /// So many ids of a long text have been read.
    case progress(Int, of: Int)
    /// The raw logits after the first `position` ids.
    case reading(version: Int, position: Int, logits: [Float])
    case steps(version: Int, from: Int, [Step?])
    /// Shape: rows [layers][heads][query + 1].
    case heads(version: Int, query: Int, rows: [[[Float]]], look: Wish.Attention.Look = .init())
    case scores(version: Int, HeadScores)
    case map(version: Int, AttentionMap)
    case column(version: Int, Wish.Attention.Column, weights: [Float])
    /// The mean entropy of some heads' rows, query by query. Unit: nats.
    case spread(version: Int, heads: [HeadID], [Float])
    case attributed(version: Int, Wish.Attributed, Attribution)
    case lens(version: Int, LensColumn)
    /// The unmodified model's logits after the first `position` ids.
    case before(version: Int, position: Int, logits: [Float])
    /// The edits cannot be made on this text.
    case notEdited(String)
    case ablated(number: Int, [Ablation], seconds: Double, isDone: Bool)
    case patched(number: Int, PatchSweep.Findings, seconds: Double)
    case notPatched(number: Int, String)
    /// How likely a text is after the position: its joint logprob and its first token's rank.
    case sought(version: Int, position: Int, ids: [TokenID], logprob: Float, rank: Int)
    /// One token's logprob after `from` + 1 ids and on. Unit: nats.
    case curve(version: Int, id: TokenID, from: Int, [Double])
    /// Logprobs of a group of questions. Shape: [questions][ids after `from`]. Unit: nats.
    case answered(version: Int, group: Int, [[Float]])
    /// Where the last token of a prompt looks, the mean of all heads of all layers. Shape: [prompt]
    case attended(version: Int, weights: [Float])
    /// New tokens of a run; with the logits before the newest now and then. Units: tokens a second, tokens a pass.
    case generated(run: Int, [Generation.Token], logits: [Float]?, rate: Double, perPass: Double)
    case ended(run: Int, Generation.End)
    /// A breakpoint was met; what stands before it has been posted.
    case paused(run: Int, Breakpoints.Pause)
    /// What is new of several streams, and the time since they began.
    case streams(run: Int, [StreamNews], seconds: Double)
    case stopped(run: Int)
    /// A server is asked what it can do; nothing else is there yet.
    case asking(String)
    /// A server that can be used, or why one cannot.
    case connected(RemoteModel), notConnected(String)
    /// A server to compare the model here with.
    case connectedBeside(RemoteModel)
    /// What a server wrote, and its end. Unit: tokens a second.
    case wrote(run: Int, [TextToken], TextEnd?, rate: Double)
    /// What a server that is compared with wrote, and its end.
    case wroteBeside(run: Int, [TextToken], TextEnd?)
    /// What a server would write next; nil where it would end.
    case toldNext(after: [UInt8], TextToken?)
    case failed(run: Int?, String)
    /// A comparison as far as it is drawn and measured.
    case compared(number: Int, Comparison)
    case notCompared(number: Int, String)
    /// New tokens of a run that is drawn again, and its end.
    case replayed(number: Int, [Generation.Token], Generation.End?)
    case notReplayed(number: Int, String)
    case swept(number: Int, SweepNews)
    case contrasted(number: Int, Contrast?)
    /// Everything wished for has been delivered.
    case settled(number: Int)
}

/// One head's pattern, or the mean of some, pooled by maximum where it is too large to hold.
package struct AttentionMap: Sendable, Equatable {
    package var heads: [HeadID]
    package var tokens: Int
    /// Queries and keys a cell stands for, 1 when exact.
    package var pool: Int
    /// Shape: row i has i + 1 cells.
    package var rows: [[Float]]
    /// Whether the weights were multiplied by their values' lengths.
    package var isValued: Bool
    package init(heads: [HeadID], tokens: Int, pool: Int, rows: [[Float]], isValued: Bool = false) {
        (self.heads, self.tokens, self.pool, self.rows, self.isValued) = (heads, tokens, pool, rows, isValued)
    }
}
