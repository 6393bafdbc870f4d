import Terminal

/// Everything a person can do. Keys, footer, help, palette and the README's table derive from `Command.table`.
package enum Command: String, Sendable, CaseIterable {
    // Everywhere
    case generate, stop, focusNext, focusPrevious, palette, help, quit, suspend, redraw, open, save, saveAs, new, reopen
    case tint, boundaries, find, findNext, undo, redo, mouse, theme, streams, breakpoints
    // Document
    case left, right, wordLeft, wordRight, up, down, lineStart, lineEnd, pageUp, pageDown, documentStart, documentEnd
    case selectLeft, selectRight, selectWordLeft, selectWordRight, selectUp, selectDown, selectLineStart, selectLineEnd, selectAll
    case newline, tabCharacter, backspace, delete, deleteWord, copy, cut, paste, insertSpecial
    // Any panel
    case nextPanel, previousPanel, zoom, toDocument
    // Candidates
    case candidateUp, candidateDown, candidatePageUp, candidatePageDown, candidateFirst, candidateLast
    case candidateFork, candidateTake, candidateFind, candidateBias
    // Sampler trace
    case stageUp, stageDown, stageRemoved
    // Controls
    case fieldLeft, fieldRight, fieldUp, fieldDown, fieldEdit, fieldReset
    // Attention
    case headUp, headDown, headLeft, headRight, headLock, headAdd, headMetric, attentionView
    case targetPrevious, targetNext, mapLog, mapHideFirst, mapZoomIn, mapZoomOut, textOut, textIn
    // Files
    case fileUp, fileDown, fileOpen, fileFilter, fileNew, fileDuplicate, fileRename, fileTrash, fileSaveAs
    // Streams
    case streamLeft, streamRight, streamUp, streamDown, streamPick, streamKeep, streamMore, streamFewer, streamPageUp, streamPageDown

    /// Where a command's keys count.
    package enum Context: String, Sendable, CaseIterable {
        case everywhere, document, panel, candidates, sampler, controls, attention, files, streams
        package var title: String {
            switch self {
            case .everywhere: "Everywhere"
            case .document: "Document"
            case .panel: "Any panel"
            case .candidates: "Candidates"
            case .sampler: "Sampler"
            case .controls: "Controls"
            case .attention: "Attention"
            case .files: "Files"
            case .streams: "Streams"
            }
        }
    }

    package struct Row: Sendable {
        package let command: Command, context: Context, keys: [Key]
        package let title: String
        /// The word in the footer or a panel's lower border; empty where it is not listed.
        package let label: String
        init(_ command: Command, _ context: Context, _ keys: [Key], _ title: String, _ label: String = "") {
            (self.command, self.context, self.keys, self.title, self.label) = (command, context, keys, title, label)
        }
        package var keyNames: String { keys.map { "\($0)" }.joined(separator: " ") }
    }

    package var row: Row { Self.index[self] ?? Row(self, .everywhere, [], rawValue) }
    private static let index = Dictionary(uniqueKeysWithValues: table.map { ($0.command, $0) })

    /// The command of a key, the narrowest context first.
    package static func find(_ key: Key, in contexts: [Context]) -> Command? {
        for context in contexts {
            if let row = table.first(where: { $0.context == context && $0.keys.contains(key) }) { return row.command }
        }
        return nil
    }

    package static let table: [Row] = [
        Row(.generate, .everywhere, [.ctrl("g")], "Generate at the cursor", "generate"),
        Row(.stop, .everywhere, [.escape], "Stop generating, close what is open", "stop"),
        Row(.streams, .everywhere, [.ctrl("n")], "Several continuations at once, side by side", "streams"),
        Row(.focusNext, .everywhere, [.tab], "Go to the next panel", "panel"),
        Row(.focusPrevious, .everywhere, [.backTab], "Go to the panel before"),
        Row(.tint, .everywhere, [.ctrl("t")], "Tint: none, probability, surprisal, rank, entropy, attention", "tint"),
        Row(.open, .everywhere, [.ctrl("o")], "Open a prompt file", "open"),
        Row(.save, .everywhere, [.ctrl("s")], "Save", "save"),
        Row(.find, .everywhere, [.ctrl("f")], "Find text in the document", "find"),
        Row(.undo, .everywhere, [.ctrl("/"), .ctrl("_")], "Undo", "undo"),
        Row(.redo, .everywhere, [.ctrl("y")], "Redo"),
        Row(.palette, .everywhere, [.ctrl("p")], "All commands", "commands"),
        Row(.help, .everywhere, [.f(1)], "Help", "help"),
        Row(.quit, .everywhere, [.ctrl("q")], "Quit; asks when something is unsaved"),
        Row(.findNext, .everywhere, [.f(3)], "Find the next place of the text"),
        Row(.saveAs, .everywhere, [], "Save under another name"),
        Row(.new, .everywhere, [], "New, empty document"),
        Row(.reopen, .everywhere, [.ctrl("r")], "Open the newest session again, with all its branches"),
        Row(.breakpoints, .everywhere, [], "Pause the stream when … (H > x, p < y, a text)"),
        Row(.boundaries, .everywhere, [.ctrl("b")], "Show or hide token boundaries"),
        Row(.theme, .everywhere, [], "Next theme"),
        Row(.mouse, .everywhere, [], "Mouse on or off (off: the terminal's own selection works)"),
        Row(.suspend, .everywhere, [.ctrl("z")], "Suspend to the shell; fg comes back"),
        Row(.redraw, .everywhere, [.ctrl("l")], "Draw the screen again"),

        Row(.left, .document, [.left], "Left"), Row(.right, .document, [.right], "Right"),
        Row(.wordLeft, .document, [.ctrl(.left), .alt("b")], "One word left"),
        Row(.wordRight, .document, [.ctrl(.right), .alt("f")], "One word right"),
        Row(.up, .document, [.up], "Line up"), Row(.down, .document, [.down], "Line down"),
        Row(.lineStart, .document, [.home, .ctrl("a")], "Start of the line"),
        Row(.lineEnd, .document, [.end, .ctrl("e")], "End of the line; follows the stream again"),
        Row(.pageUp, .document, [.pageUp], "Page up"), Row(.pageDown, .document, [.pageDown], "Page down"),
        Row(.documentStart, .document, [.ctrl(.home)], "Start of the document"),
        Row(.documentEnd, .document, [.ctrl(.end)], "End of the document"),
        Row(.selectLeft, .document, [.shift(.left)], "Select to the left"),
        Row(.selectRight, .document, [.shift(.right)], "Select to the right"),
        Row(.selectWordLeft, .document, [Key(.left, [.ctrl, .shift])], "Select a word to the left"),
        Row(.selectWordRight, .document, [Key(.right, [.ctrl, .shift])], "Select a word to the right"),
        Row(.selectUp, .document, [.shift(.up)], "Select a line up"),
        Row(.selectDown, .document, [.shift(.down)], "Select a line down"),
        Row(.selectLineStart, .document, [.shift(.home)], "Select to the start of the line"),
        Row(.selectLineEnd, .document, [.shift(.end)], "Select to the end of the line"),
        Row(.selectAll, .document, [], "Select everything"),
        Row(.newline, .document, [.enter, .ctrl("j")], "New line"),
        Row(.tabCharacter, .document, [], "Insert a tab character"),
        Row(.backspace, .document, [.backspace, .ctrl("h")], "Delete to the left"),
        Row(.delete, .document, [.delete, .ctrl("d")], "Delete to the right"),
        Row(.deleteWord, .document, [.ctrl("w"), Key(.backspace, .alt)], "Delete the word to the left"),
        Row(.copy, .document, [.ctrl("c")], "Copy the selection, to the terminal's clipboard too"),
        Row(.cut, .document, [.ctrl("x")], "Cut the selection"),
        Row(.paste, .document, [.ctrl("v")], "Paste what was copied here"),
        Row(.insertSpecial, .document, [], "Insert a special token"),

        Row(.nextPanel, .panel, [.char("]")], "Show the next panel here", "next panel"),
        Row(.previousPanel, .panel, [.char("[")], "Show the panel before here"),
        Row(.zoom, .panel, [.char("z")], "Zoom this panel", "zoom"),
        Row(.toDocument, .panel, [.char("q")], "Back to the document"),

        Row(.candidateFind, .candidates, [.char("/")], "Find any text: its joint logprob and first token's rank", "find"),
        Row(.candidateFork, .candidates, [.enter], "Fork here with this token and go on", "fork"),
        Row(.candidateTake, .candidates, [.char("a")], "Fork here with this token, one step", "take"),
        Row(.candidateBias, .candidates, [.char("b")], "Bias this token", "bias"),
        Row(.candidateUp, .candidates, [.up, .char("k")], "Candidate above"),
        Row(.candidateDown, .candidates, [.down, .char("j")], "Candidate below"),
        Row(.candidatePageUp, .candidates, [.pageUp], "A page of candidates up"),
        Row(.candidatePageDown, .candidates, [.pageDown, .char(" ")], "A page of candidates down"),
        Row(.candidateFirst, .candidates, [.home, .char("g")], "Likeliest candidate"),
        Row(.candidateLast, .candidates, [.end, .char("G")], "Least likely candidate"),

        Row(.stageUp, .sampler, [.up, .char("k")], "Stage above", "stage"),
        Row(.stageDown, .sampler, [.down, .char("j")], "Stage below"),
        Row(.stageRemoved, .sampler, [.enter], "What the stage removed", "what it removed"),

        Row(.fieldLeft, .controls, [.left], "Setting to the left", "field"),
        Row(.fieldRight, .controls, [.right], "Setting to the right"),
        Row(.fieldUp, .controls, [.up], "One step more", "step"),
        Row(.fieldDown, .controls, [.down], "One step less"),
        Row(.fieldEdit, .controls, [.enter], "Type a value", "type"),
        Row(.fieldReset, .controls, [.backspace, .delete], "Back to the default", "default"),

        Row(.headUp, .attention, [.up, .char("k")], "Layer above, query above", "head"),
        Row(.headDown, .attention, [.down, .char("j")], "Layer below, query below"),
        Row(.headLeft, .attention, [.left, .char("H")], "Head to the left, key to the left"),
        Row(.headRight, .attention, [.right, .char("L")], "Head to the right, key to the right"),
        Row(.headLock, .attention, [.enter], "Lock the head, mark the crosshair", "lock"),
        Row(.headAdd, .attention, [.char(" ")], "Add the head to the chosen ones", "add"),
        Row(.headMetric, .attention, [.char("m")], "Metric: to token, entropy, previous, duplicate, induction", "metric"),
        Row(.attentionView, .attention, [.char("v")], "View: heads, map, text", "view"),
        Row(.targetPrevious, .attention, [.char(",")], "Token before as the one looked at", "token"),
        Row(.targetNext, .attention, [.char(".")], "Token behind as the one looked at"),
        Row(.textOut, .attention, [.char("o")], "Tint the document: where this token looks", "out"),
        Row(.textIn, .attention, [.char("i")], "Tint the document: who looks at this token", "in"),
        Row(.mapZoomIn, .attention, [.char("+"), .char("=")], "Zoom the map in", "zoom"),
        Row(.mapZoomOut, .attention, [.char("-")], "Zoom the map out"),
        Row(.mapLog, .attention, [.char("l")], "Linear or logarithmic", "log"),
        Row(.mapHideFirst, .attention, [.char("h")], "Hide the first token and renormalise", "hide first"),

        Row(.fileOpen, .files, [.enter], "Open the file", "open"),
        Row(.fileFilter, .files, [.char("/")], "Filter the list", "filter"),
        Row(.fileNew, .files, [.char("n")], "New document", "new"),
        Row(.fileSaveAs, .files, [.char("s")], "Save the document under a name", "save as"),
        Row(.fileDuplicate, .files, [.char("d")], "Duplicate the file", "duplicate"),
        Row(.fileRename, .files, [.char("r")], "Rename the file", "rename"),
        Row(.fileTrash, .files, [.char("x")], "Move the file to the trash", "trash"),
        Row(.fileUp, .files, [.up, .char("k")], "File above"),
        Row(.fileDown, .files, [.down, .char("j")], "File below"),

        Row(.streamLeft, .streams, [.left], "Stream to the left", "choose"),
        Row(.streamRight, .streams, [.right], "Stream to the right"),
        Row(.streamUp, .streams, [.up], "Stream above"),
        Row(.streamDown, .streams, [.down], "Stream below"),
        Row(.streamPick, .streams, [.enter], "Take this stream into the document", "pick"),
        Row(.streamKeep, .streams, [.char("k")], "Keep all as branches, this one in the document", "keep all"),
        Row(.streamMore, .streams, [.char("+"), .char("=")], "One stream more; begins again with the same seeds", "more"),
        Row(.streamFewer, .streams, [.char("-")], "One stream less; begins again with the same seeds", "fewer"),
        Row(.streamPageDown, .streams, [.pageDown, .char(" ")], "Next page of streams", "page"),
        Row(.streamPageUp, .streams, [.pageUp], "Page of streams before"),
    ]
}
