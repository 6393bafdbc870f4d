import Document
import Engine
import Laboratory
import Remote
import Store
import Terminal
import Tokenizer

/// The playground as a value.
///
/// In: messages (keys, reports of the worker, files), one at a time through `update`. Out: effects, and by `View` a frame.
/// Invariants: drawing changes nothing; what is shown of a token is what the worker reported for these very ids.
/// Must not know: curses, weights.
package struct State: Sendable {
    package var size: (width: Int, height: Int)
    package var editor = Editor()
    package var file = OpenFile()
    package var sampling = Sampling()
    /// The settings of a new document: the defaults, and the person's configuration over them.
    package var standard = Sampling()
    package var model = ModelState.none("no model is loaded yet")
    /// Another model that is being loaded while `model` serves.
    package internal(set) var switching: Switching?
    /// The model here that a server took the place of: the document was laid out by it.
    var departed: Model?
    /// What the server told of its tokens, and where these stand in the document.
    var told = Told()
    package internal(set) var toldPlaces: [Told.Place] = []
    package var reading = Reading()
    package var keeping = Keeping()
    package var run: Run?
    package var lastRun: Run?
    /// In front of the document and the panels while there are some.
    package var streams: StreamsState?
    /// How many continuations `^N` makes.
    package var streamCount = 4
    /// Where a single stream pauses.
    package var breakpoints = Breakpoints()

    // The screen
    package var focus = Focus.document
    package var slots: [Panel] = [.candidates, .attention]
    package var zoomed = false
    package var overlay: Overlay?
    package var notice: Notice?
    package var text = TextView()
    package var candidates = CandidatesState()
    package var sampler = SamplerState()
    package var controls = ControlsState()
    package var attention = AttentionState()
    package var lens = LensState()
    package var attribution = AttributionState()
    package var tokens = TokensState()
    package internal(set) var edits = EditsState()
    package var files = FilesState()
    package var compare = CompareState()
    package var history = HistoryState()
    package var branches = BranchesState()
    package var laboratory = LaboratoryState()
    package internal(set) var shots = ShotsState()
    package var themeName = "dark"
    package var mouse = true
    package var clipboard: [UInt8] = []
    package var sought: [UInt8] = []
    package var isQuitting = false
    /// How far a long text has been read, while it is.
    package var progress: (done: Int, total: Int)?
    /// What waits for the document to be saved.
    var afterSave: Overlay.Confirm.Purpose?
    /// Draws seeds; seeded once from the system, so that `update` stays a function.
    package var seeds: UInt64
    var nextRun = 1
    var lastWish: Wish?
    /// The last wish for a place before the end of a running stream.
    var lastPlace: Wish?
    var wishCount = 0
    /// A stream's numbers were shown since attention was last asked for.
    var streamShown = false

    package init(width: Int = 80, height: Int = 24, seed: UInt64 = 1) {
        size = (width, height)
        seeds = seed
        beginKeeping()
    }

    package enum Panel: String, Sendable, CaseIterable { case candidates, sampler, tokens, attention, lens, attribution, edits, branches, compare, shots, laboratory, history, files
        package var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
    }
    package enum Focus: Sendable, Equatable { case document, slot(Int), controls }

    package enum ModelState: Sendable {
        case none(String)
        case loading(Double)
        case ready(Model)
        /// A server writes; the inside of its model cannot be seen.
        case remote(RemoteModel)
    }
    package var readyModel: Model? { if case .ready(let model) = model { model } else { nil } }
    package var tokenizer: Tokenizer? { readyModel?.tokenizer }

    /// A generation under way, or the last one.
    package struct Run: Sendable, Equatable {
        package var number: Int
        package var seed: UInt64
        package var sampling: Sampling
        /// What the model was changed by.
        package var edits: [Intervention] = []
        /// Bytes from where it began to where it stands.
        package var range: Range<Int>
        package var tokens = 0
        /// Units: tokens a second, tokens a pass.
        package var rate = 0.0, perPass = 1.0
        package var end: String?
        /// The ids before the run's first.
        package var prompt: [TokenID]
        package var promptCount: Int { prompt.count }
        /// What was written, as far as it is whole ids.
        package var written: [Step] = []
    }

    package struct Notice: Sendable, Equatable {
        package enum Kind: Sendable { case plain, warning, error }
        package var text: String
        package var kind: Kind
    }
    mutating func say(_ text: String, _ kind: Notice.Kind = .plain) { notice = Notice(text: text, kind: kind) }

    /// The panel a focus shows; nil for the document and the controls.
    package var focusedPanel: Panel? {
        if case .slot(let index) = focus, slots.indices.contains(index) { slots[index] } else { nil }
    }
    package func isShown(_ panel: Panel) -> Bool {
        let layout = Layout(self)
        return layout.panels.contains { $0.panel == panel }
    }

    /// The contexts whose keys count now, the narrowest first.
    package var contexts: [Command.Context] {
        if streams != nil { return [.streams, .everywhere] }
        return switch focus {
        case .document: [.document, .everywhere]
        case .controls: [.controls, .panel, .everywhere]
        case .slot where isByHand: [.byHand, .everywhere]
        case .slot where focusedPanel == .candidates && candidates.along != nil: [.along, .panel, .everywhere]
        case .slot: [focusedPanel.flatMap { Command.Context(rawValue: $0.rawValue) } ?? .panel, .panel, .everywhere]
        }
    }
}

/// The file the document came from.
package struct OpenFile: Sendable {
    package var path: String?
    /// The file as last read or written: front matter, variables, notices.
    package var prompt = PromptFile()
    package var isTemplate = false
    /// True where the file's front matter cannot be read: its bytes are the text.
    package var isRaw = false
    /// What was answered for each declared variable.
    package var values: [String] = []
    /// True while its turns and special tokens wait for a model.
    package var awaitsModel = false
    /// The settings as the file gave them.
    package var sampling = Sampling()
    /// The file's bytes as last read or written.
    package var bytes: [UInt8] = [] { didSet { contentHash = KeptSettings.hash(bytes) } }
    private var contentHash = KeptSettings.hash([])
    var hash: UInt64? { path == nil ? nil : contentHash }
    /// What saving has to tell.
    package var notices: [String] = []
    /// The bytes on their way to the disk.
    var saving: [UInt8]?
    /// What another program made of it, until it is decided upon.
    package internal(set) var change: FileChange?
    package init() {}
    package var name: String { path.map { String($0.split(separator: "/").last ?? "") } ?? "new" }
    package var isChat: Bool { prompt.mode == .chat }

    /// What the declared variables stand for.
    var answers: [String: [UInt8]] {
        Dictionary(zip(prompt.variables.map(\.name), values.map { Array($0.utf8) }), uniquingKeysWith: { $1 })
    }

    /// The prompt as a document. Turns and special tokens are the model's affair: they are laid out once it is there.
    mutating func layOut(_ tokenizer: Tokenizer?) throws(PromptFileError) -> Document {
        awaitsModel = tokenizer == nil && (isChat || prompt.specials || prompt.settings.logitBias != nil)
        guard let tokenizer else { return Document(text: try prompt.text(answers)) }
        return try prompt.document(answers, tokenizer: tokenizer)
    }
}

/// What is open above the panels.
package enum Overlay: Sendable, Equatable {
    case help(scroll: Int)
    case palette(PaletteState)
    case models(ModelPicker)
    case input(Input)
    case confirm(Confirm)
    /// What another program made of the open file.
    case diff(FileChange)

    /// One line that is being typed.
    package struct Input: Sendable, Equatable {
        package enum Purpose: Sendable, Equatable {
            case find, saveAs, export(Export.Subject), rename(String), candidateFind, bias(TokenID), field(Int), special, variable(Int), compare(CompareState.Asked), branchLabel(Node.ID), runExport(StoredRun), laboratoryExport, breakpoints, lensToken, partToken, partAgainst, edit(Int?), patch, editsSave, editsOpen, panelExport(State.Panel)
        }
        package var purpose: Purpose
        package var label: String
        package var line: LineInput
        /// Where the cursor stood when it was opened. Unit: bytes.
        var origin = 0
        /// True while the line is as it was offered: what is typed takes its place.
        var isOffered = false
    }
    package struct Confirm: Sendable, Equatable {
        package enum Purpose: Sendable, Equatable {
            case quit, open(String), new, shots, overwrite(String), trash(String), reopen, takeUp
            /// The open file itself, changed by another program.
            case overwriteChanged(String)
            case overwriteExport(Export.Subject, String)
            /// The document in which a run was made, at the run's node; the run as a document of its own.
            case reopenRun(StoredDocument.ID, Node.ID), openRun(StoredRun)
            /// A prompt of an experiment as a document of its own, and what it is.
            case openPrompt([Part], String)
        }
        package var purpose: Purpose
        package var question: String
    }
}

/// What goes out of `update` and is carried out by the program.
package enum Effect: Sendable, Equatable {
    case wish(Wish)
    case generate(Order)
    case stopGeneration
    case compare(CompareOrder)
    /// Reads a file that the document is to be compared with.
    case readToCompare(path: String)
    /// Reads a file of edits.
    case readEdits(path: String)
    /// Zeroes every head alone; nil stops that.
    case ablate(AblationOrder?)
    /// Puts another text's values in, place by place; nil stops that.
    case patch(PatchOrder?)
    /// Writes numbers to a file of their own: nothing that is there is replaced.
    case writeTable(path: String, bytes: [UInt8])
    case save(path: String, bytes: [UInt8], replacing: Replacing)
    /// Writes what is exported; where a file stands and may not be replaced it is answered with `inTheWay`.
    case export(Export, path: String, replacing: Bool)
    case read(path: String)
    /// The open file as it was last told of counts as known: a save may go over it.
    case know(path: String)
    case listFiles
    /// Looks for models and servers, and answers as they are found; loads one.
    case listModels, load(path: String), loadBeside(path: String)
    /// Finds out what a server can do; lets one write.
    case connect(Connection, beside: Bool), ask(RemoteOrder)
    case preview(path: String)
    case rename(PromptLibrary.Entry, to: String), duplicate(PromptLibrary.Entry), trash(PromptLibrary.Entry)
    /// Hands changes over to the store, which acknowledges them by the number.
    case keep(Batch, number: Int)
    /// The document is not open any more.
    case close(StoredDocument.ID)
    /// Asks the store for a document, or for the newest one of a file.
    case recall(StoredDocument.ID), recallFile(String)
    /// Asks the store for the runs with some words, and for the whole of one.
    case findRuns(String, trashed: Bool), readRun(StoredRun.ID)
    case trashRun(StoredRun.ID, Bool)
    /// Draws a run again beside the document; nil stops that.
    case replay(Order?)
    /// Reads an experiment with its data.
    case readExperiment(path: String)
    /// Asks for the results that are kept of an experiment; runs it from there on; lets that wait or go on; ends it.
    case lookAtResults(SweepOrder), sweep(SweepOrder), holdSweep(Bool), endSweep
    case contrast(ContrastOrder)
    /// Reads the file of a kept document.
    case readKept(Opened)
    case copy([UInt8])
    case setMouse(Bool), setTheme(String)
    case suspend, redraw, quit

    /// What a save may put its bytes in place of; where something else stands it is answered with `occupied`.
    package enum Replacing: Sendable, Equatable {
        /// No file may be there.
        case nothing
        /// The file as it was last read or written by this program.
        case known
        case anything
    }
}

/// What comes in.
package enum Message: Sendable {
    case event(Event)
    case report(Report)
    case opened(path: String, bytes: [UInt8])
    case saved(path: String)
    case readToCompare(path: String, bytes: [UInt8])
    case readEdits(path: String, bytes: [UInt8])
    case wroteTable(path: String)
    case experiment(path: String, Result<Experiment, ExperimentError>)
    /// Nothing was saved: another file, or another version of it, is there.
    case occupied(path: String)
    case exported(Export, path: String)
    case inTheWay(Export.Subject, path: String)
    case renamed(from: String, to: String), duplicated(to: String), trashed(path: String, to: String)
    case listed([PromptLibrary.Entry])
    /// The models found so far.
    case models([FoundModel], isWhole: Bool)
    /// The servers that a person named, and what is known of them so far; with what is wrong with the file that names them.
    case servers([FoundServer], problem: String?)
    case previewed(path: String, bytes: [UInt8])
    case failed(String)
    case store(StoreReport)
    /// A kept document and the bytes of its file, where there is one.
    case recalled(Opened, bytes: [UInt8]?)
    /// It is time to hand over what has changed.
    case keep
    /// The open file on the disk is no longer as it was read, or gone; quietly while keys are being typed.
    case changedOnDisk(path: String, bytes: [UInt8]?, quietly: Bool)
}
