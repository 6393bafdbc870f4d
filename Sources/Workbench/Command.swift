import Terminal

/// Everything a person can do. Keys, footer, help, palette and the README's table derive from `Command.table`.
package enum Command: String, Sendable, CaseIterable {
    // Everywhere
    case generate, stop, focusNext, focusPrevious, palette, help, models, quit, suspend, redraw, open, save, saveAs, new, reopen, export, diskChange
    case tint, boundaries, find, findNext, undo, redo, mouse, theme, streams, breakpoints
    case history, laboratory, shots
    case branches, branchParent, branchChild, branchPrevious, branchNext
    // Document
    case left, right, wordLeft, wordRight, up, down, lineStart, lineEnd, pageUp, pageDown, documentStart, documentEnd
    case selectLeft, selectRight, selectWordLeft, selectWordRight, selectUp, selectDown, selectLineStart, selectLineEnd, selectAll
    case newline, tabCharacter, backspace, delete, deleteWord, copy, cut, paste, insertSpecial, uncertainNext, uncertainPrevious
    // Any panel
    case nextPanel, previousPanel, zoom, toDocument, panelExport
    // Candidates
    case candidateUp, candidateDown, candidatePageUp, candidatePageDown, candidateFirst, candidateLast
    case candidateFork, candidateTake, candidateFind, candidateBias, candidatePin, candidateUnpin, candidateSort, candidateAlong
    case candidateUncertainNext, candidateUncertainPrevious, byHand
    // One token along the document
    case alongLeft, alongRight, alongPageLeft, alongPageRight, alongFirst, alongLast, alongLog, alongStay, alongBack
    // Sampling by hand
    case byHandUp, byHandDown, byHandPageUp, byHandPageDown, byHandTake, byHandDraw, byHandRewind, byHandLeave
    // Sampler trace
    case stageUp, stageDown, stageRemoved
    // Controls
    case fieldLeft, fieldRight, fieldUp, fieldDown, fieldEdit, fieldReset
    // Attention
    case headUp, headDown, headLeft, headRight, headLock, headAdd, headMetric, attentionView
    case targetPrevious, targetNext, mapLog, mapHideFirst, mapZoomIn, mapZoomOut, textOut, textIn, textSpread, headZero
    case headValues, headWords, spanKeys, spanQueries
    // Lens
    case lensUp, lensDown, lensLeft, lensRight, lensFirst, lensLast, lensList, lensTint, lensSite, lensToken
    // Edits
    case editUp, editDown, editAdd, editToggle, editRemove, editChange, editWrite, editOpen, editAblate, editPatch
    // Attribution
    case partUp, partDown, partPageUp, partPageDown, partFirst, partLast, partGo, partToken, partAgainst, partOrder, partZero
    // Tokens
    case tokenUp, tokenDown, tokenPageUp, tokenPageDown, tokenFirst, tokenLast, tokenGo, tokenSort, tokenReverse
    // Files
    case fileUp, fileDown, fileOpen, fileFilter, fileNew, fileDuplicate, fileRename, fileTrash, fileSaveAs, fileExport
    // Compare
    case compareBranch, compareFile, comparePrompt, compareSettings, compareEdited, compareModel, compareView, compareGo, compareExport
    case compareLeft, compareRight, compareUp, compareDown, compareFirst, compareLast, compareDivergence, compareDivergenceBefore
    // Branches
    case branchUp, branchDown, branchOut, branchIn, branchPageUp, branchPageDown, branchFirst, branchLast
    case branchGo, branchLabel, branchMark, branchTrash, branchFold, branchShowTrash, branchCompare, branchStreams, branchExport
    // Shots
    case shotsMore, shotsFewer, shotsSeed, shotsSeedBefore, shotsOrder, shotsOrderBefore, shotsWording, shotsQueryNext, shotsQueryPrevious
    case shotUp, shotDown, shotMoveUp, shotMoveDown, shotDrop, shotReplace, shotLabel, shotEdit, shotsRule, shotsAgain, shotsChoose
    // Streams
    case streamLeft, streamRight, streamUp, streamDown, streamPick, streamKeep, streamMore, streamFewer, streamPageUp, streamPageDown

    // Laboratory
    case labUp, labDown, labLeft, labRight, labPageUp, labPageDown, labFirst, labLast, labEnter
    case labRun, labPause, labStop, labRule, labView, labWrong, labMark, labCompare, labOpen, labText, labExport

    // History
    case historyUp, historyDown, historyPageUp, historyPageDown, historyFirst, historyLast
    case historyFilter, historyReopen, historyReplay, historyOpen, historyTrash, historyShowTrash, historyExport

    /// Where a command's keys count.
    package enum Context: String, Sendable, CaseIterable {
        case everywhere, document, panel, candidates, along, byHand, sampler, tokens, controls, attention, lens, attribution, edits, branches, compare, shots, laboratory, history, files, streams
        package var title: String {
            switch self {
            case .everywhere: "Everywhere"
            case .document: "Document"
            case .panel: "Any panel"
            case .candidates: "Candidates"
            case .along: "Along the document"
            case .byHand: "By hand"
            case .sampler: "Sampler"
            case .controls: "Controls"
            case .attention: "Attention"
            case .lens: "Lens"
            case .attribution: "Attribution"
            case .tokens: "Tokens"
            case .edits: "Edits"
            case .files: "Files"
            case .compare: "Compare"
            case .laboratory: "Laboratory"
            case .history: "History"
            case .branches: "Branches"
            case .shots: "Shots"
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
        Row(.models, .everywhere, [.f(4)], "Models: load another; the document and its branches stay"),
        Row(.quit, .everywhere, [.ctrl("q")], "Quit; asks when something is unsaved"),
        Row(.branches, .everywhere, [], "Branches: the tree of what this document has been"),
        Row(.branchParent, .everywhere, [.alt(.left)], "Branches: back to the change before"),
        Row(.branchChild, .everywhere, [.alt(.right)], "Branches: on to the change after"),
        Row(.branchPrevious, .everywhere, [.alt(.up)], "Branches: to what was written beside this, before"),
        Row(.branchNext, .everywhere, [.alt(.down)], "Branches: to what was written beside this, after"),
        Row(.history, .everywhere, [], "History: every run"),
        Row(.laboratory, .everywhere, [.f(6)], "Laboratory: few-shot experiments"),
        Row(.shots, .everywhere, [], "Shots: build a few-shot prompt"),
        Row(.findNext, .everywhere, [.f(3)], "Find the next place of the text"),
        Row(.saveAs, .everywhere, [], "Save under another name"),
        Row(.new, .everywhere, [], "New, empty document"),
        Row(.reopen, .everywhere, [.ctrl("r")], "Open the newest session again, with all its branches"),
        Row(.export, .everywhere, [], "Export the document: text, Markdown, JSON, or a picture as SVG or ANSI"),
        Row(.diskChange, .everywhere, [.f(5)], "Show what another program changed in the open file"),
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
        Row(.uncertainNext, .document, [.ctrl("u")], "Go to the next uncertain token"),
        Row(.uncertainPrevious, .document, [], "Go to the uncertain token before"),

        Row(.nextPanel, .panel, [.char("]")], "Show the next panel here", "next panel"),
        Row(.previousPanel, .panel, [.char("[")], "Show the panel before here"),
        Row(.zoom, .panel, [.char("z")], "Zoom this panel", "zoom"),
        Row(.toDocument, .panel, [.char("q")], "Back to the document"),
        Row(.panelExport, .panel, [.char("e")], "Export the panel: its numbers as CSV or JSON, the picture as SVG or ANSI", "export"),

        Row(.candidateFind, .candidates, [.char("/")], "Find any text: its joint logprob and first token's rank", "find"),
        Row(.candidateFork, .candidates, [.enter], "Fork here with this token and go on", "fork"),
        Row(.candidateTake, .candidates, [.char("a")], "Fork here with this token, one step", "take"),
        Row(.candidateBias, .candidates, [.char("b")], "Bias this token", "bias"),
        Row(.candidatePin, .candidates, [.char("p")], "Pin this place to compare others with it; there again lets go", "pin"),
        Row(.candidateAlong, .candidates, [.char("w")], "This token's probability along the document", "along"),
        Row(.byHand, .candidates, [.char("m")], "Sample by hand: choose token by token", "by hand"),
        Row(.candidateUncertainNext, .candidates, [.char("u")], "Go to the next uncertain token", "uncertain"),
        Row(.candidateUncertainPrevious, .candidates, [.char("U")], "Go to the uncertain token before"),
        Row(.candidateSort, .candidates, [.char("P")], "Sort by the probability here, by the change from the pinned place"),
        Row(.candidateUnpin, .candidates, [.backspace, .delete], "Let the pinned place go"),
        Row(.candidateUp, .candidates, [.up, .char("k")], "Candidate above"),
        Row(.candidateDown, .candidates, [.down, .char("j")], "Candidate below"),
        Row(.candidatePageUp, .candidates, [.pageUp], "A page of candidates up"),
        Row(.candidatePageDown, .candidates, [.pageDown, .char(" ")], "A page of candidates down"),
        Row(.candidateFirst, .candidates, [.home, .char("g")], "Likeliest candidate"),
        Row(.candidateLast, .candidates, [.end, .char("G")], "Least likely candidate"),

        Row(.alongLeft, .along, [.left], "One token to the left", "token"),
        Row(.alongRight, .along, [.right], "One token to the right"),
        Row(.alongLog, .along, [.char("l")], "Linear or logarithmic", "log"),
        Row(.alongStay, .along, [.enter], "Leave, the cursor stays here", "stay here"),
        Row(.alongBack, .along, [.escape, .char("w")], "Leave, the cursor goes back to where it was", "back"),
        Row(.alongPageLeft, .along, [.pageUp], "16 tokens to the left"),
        Row(.alongPageRight, .along, [.pageDown], "16 tokens to the right"),
        Row(.alongFirst, .along, [.home, .char("g")], "First token"),
        Row(.alongLast, .along, [.end, .char("G")], "Behind the last token"),

        Row(.byHandTake, .byHand, [.enter], "Put the chosen token here and go on behind it", "take"),
        Row(.byHandDraw, .byHand, [.tab, .ctrl("g")], "Draw one token as the samplers would", "draw"),
        Row(.byHandRewind, .byHand, [.backspace, .ctrl("h")], "Take a letter of the filter back, then the token before", "rewind"),
        Row(.byHandUp, .byHand, [.up], "Token above", "choose"), Row(.byHandDown, .byHand, [.down], "Token below"),
        Row(.byHandPageUp, .byHand, [.pageUp], "A page of tokens up"),
        Row(.byHandPageDown, .byHand, [.pageDown], "A page of tokens down"),
        Row(.byHandLeave, .byHand, [.escape], "Leave sampling by hand", "leave"),

        Row(.stageUp, .sampler, [.up, .char("k")], "Stage above", "stage"),
        Row(.stageDown, .sampler, [.down, .char("j")], "Stage below"),
        Row(.stageRemoved, .sampler, [.enter], "What the stage removed", "what it removed"),

        Row(.tokenUp, .tokens, [.up, .char("k")], "Row above; the document's cursor goes along", "token"),
        Row(.tokenDown, .tokens, [.down, .char("j")], "Row below"),
        Row(.tokenGo, .tokens, [.enter], "To the token in the document", "go to"),
        Row(.tokenSort, .tokens, [.char("s")], "Sort by position, logprob, rank, entropy", "sort"),
        Row(.tokenReverse, .tokens, [.char("S")], "The other way round", "reverse"),
        Row(.tokenPageUp, .tokens, [.pageUp], "A page of rows up"),
        Row(.tokenPageDown, .tokens, [.pageDown, .char(" ")], "A page of rows down"),
        Row(.tokenFirst, .tokens, [.home, .char("g")], "First row"),
        Row(.tokenLast, .tokens, [.end, .char("G")], "Last row"),

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
        Row(.headMetric, .attention, [.char("m")], "Metric: to token, entropy, previous, duplicate, induction, sink, direct, ablation", "metric"),
        Row(.attentionView, .attention, [.char("v")], "View: heads, map, text, ranked", "view"),
        Row(.targetPrevious, .attention, [.char(",")], "Token before as the one looked at", "token"),
        Row(.targetNext, .attention, [.char(".")], "Token behind as the one looked at"),
        Row(.textOut, .attention, [.char("o")], "Tint the document: where this token looks", "out"),
        Row(.textIn, .attention, [.char("i")], "Tint the document: who looks at this token", "in"),
        Row(.mapZoomIn, .attention, [.char("+"), .char("=")], "Zoom the map in", "zoom"),
        Row(.mapZoomOut, .attention, [.char("-")], "Zoom the map out"),
        Row(.mapLog, .attention, [.char("l")], "Linear or logarithmic", "log"),
        Row(.mapHideFirst, .attention, [.char("h")], "Hide the first token and renormalise", "hide first"),

        Row(.headValues, .attention, [.char("n")], "Weights times the lengths of their values, or the weights alone"),
        Row(.headWords, .attention, [.char("w")], "The tokens of a word as one, or each by itself"),
        Row(.spanKeys, .attention, [.char("s")], "Look at the document's selection as one; without a selection: at one token again"),
        Row(.spanQueries, .attention, [.char("S")], "The mean over the selection's tokens; without a selection: the one token again"),
        Row(.textSpread, .attention, [.char("E")], "Tint the document: the entropy of each token's row", "spread"),
        Row(.headZero, .attention, [.char("0")], "Zero the head, or take that back"),

        Row(.lensUp, .lens, [.up, .char("k")], "Layer above", "layer"),
        Row(.lensDown, .lens, [.down, .char("j")], "Layer below"),
        Row(.lensLeft, .lens, [.left, .char("h")], "Token before", "token"),
        Row(.lensRight, .lens, [.right, .char("l")], "Token behind"),
        Row(.lensList, .lens, [.enter], "The cell's likeliest tokens, or the grid again", "list"),
        Row(.lensTint, .lens, [.char("t")], "Tint: probability of the likeliest, entropy, KL of the final prediction to the layer's, what patching changes", "tint"),
        Row(.lensToken, .lens, [.char("r")], "Follow the rank of another token", "rank of"),
        Row(.lensSite, .lens, [.char("s")], "Stages: after each layer; after attention and after the MLP of each", "stages"),
        Row(.lensFirst, .lens, [.home, .char("g")], "The embedding"),
        Row(.lensLast, .lens, [.end, .char("G")], "The last layer"),

        Row(.partUp, .attribution, [.up, .char("k")], "Part above", "part"),
        Row(.partDown, .attribution, [.down, .char("j")], "Part below"),
        Row(.partGo, .attribution, [.enter], "A head: to Attention; an MLP: to the layer in Lens", "go to"),
        Row(.partToken, .attribution, [.char("t")], "Whose logit: any token, as text; empty: the one that stands there, or the likeliest", "token"),
        Row(.partAgainst, .attribution, [.char("d")], "The difference to a second token's logit; empty: none", "difference"),
        Row(.partOrder, .attribution, [.char("o")], "In the order of size, in the order of the pass", "order"),
        Row(.partZero, .attribution, [.char("0")], "Zero the part, or take that back", "zero"),
        Row(.partPageUp, .attribution, [.pageUp], "A page of parts up"),
        Row(.partPageDown, .attribution, [.pageDown, .char(" ")], "A page of parts down"),
        Row(.partFirst, .attribution, [.home, .char("g")], "First part"),
        Row(.partLast, .attribution, [.end, .char("G")], "Last part"),

        Row(.editAdd, .edits, [.char("a")], "Add an edit, as L17 H4 zero; a mean is that of the document when it is switched on", "add"),
        Row(.editToggle, .edits, [.char(" ")], "Switch the edit on or off", "on/off"),
        Row(.editRemove, .edits, [.char("x")], "Remove the edit", "remove"),
        Row(.editChange, .edits, [.enter], "Change the edit", "change"),
        Row(.editAblate, .edits, [.char("A")], "Zero every head alone and rank what follows; again: stop", "ablate every head"),
        Row(.editPatch, .edits, [.char("P")], "Put another text's values in at every layer and position alone; again: stop", "patch"),
        Row(.editWrite, .edits, [.char("w")], "Write the edits to a file", "write"),
        Row(.editOpen, .edits, [.char("o")], "Take edits from a file", "open"),
        Row(.editUp, .edits, [.up, .char("k")], "Edit above"),
        Row(.editDown, .edits, [.down, .char("j")], "Edit below"),

        Row(.fileOpen, .files, [.enter], "Open the file", "open"),
        Row(.fileFilter, .files, [.char("/")], "Filter the list", "filter"),
        Row(.fileNew, .files, [.char("n")], "New document", "new"),
        Row(.fileSaveAs, .files, [.char("s")], "Save the document under a name", "save as"),
        Row(.fileDuplicate, .files, [.char("d")], "Duplicate the file", "duplicate"),
        Row(.fileRename, .files, [.char("r")], "Rename the file", "rename"),
        Row(.fileTrash, .files, [.char("x")], "Move the file to the trash", "trash"),
        Row(.fileExport, .files, [.char("e")], "Export the document", "export"),
        Row(.fileUp, .files, [.up, .char("k")], "File above"),
        Row(.fileDown, .files, [.down, .char("j")], "File below"),

        Row(.compareBranch, .compare, [.char("b")], "Compare with the marked branch", "branch"),
        Row(.compareFile, .compare, [.char("f")], "Compare with a file", "file"),
        Row(.comparePrompt, .compare, [.char("p")], "Compare with another prompt", "prompt"),
        Row(.compareSettings, .compare, [.char("s")], "Compare two settings: both continue the text before the cursor", "settings"),
        Row(.compareEdited, .compare, [.char("m")], "Compare the model with itself under the edits that are on, on this document", "edited"),
        Row(.compareModel, .compare, [.char("a")], "A/B: compare the model with another one, on this document", "A/B"),
        Row(.compareDivergence, .compare, [.char("n")], "Next divergence", "next"),
        Row(.compareDivergenceBefore, .compare, [.char("N")], "Divergence before"),
        Row(.compareLeft, .compare, [.left, .char("h")], "Word before", "word"),
        Row(.compareRight, .compare, [.right, .char("l")], "Word behind"),
        Row(.compareView, .compare, [.char("v")], "View: side by side, one under the other", "view"),
        Row(.compareGo, .compare, [.enter], "Go to the token in the document", "go"),
        Row(.compareExport, .compare, [.char("e")], "Export the comparison's numbers as CSV or JSON", "export"),
        Row(.compareUp, .compare, [.up, .char("k")], "Line above"),
        Row(.compareDown, .compare, [.down, .char("j")], "Line below"),
        Row(.compareFirst, .compare, [.home, .char("g")], "First word"),
        Row(.compareLast, .compare, [.end, .char("G")], "The ends"),

        Row(.branchUp, .branches, [.up, .char("k")], "Row above", "row"),
        Row(.branchDown, .branches, [.down, .char("j")], "Row below"),
        Row(.branchOut, .branches, [.left], "To the row this hangs on", "out, in"),
        Row(.branchIn, .branches, [.right], "To the first row below; unfolds"),
        Row(.branchGo, .branches, [.enter], "Make this the document", "go"),
        Row(.branchLabel, .branches, [.char("l")], "Label it", "label"),
        Row(.branchMark, .branches, [.char("m")], "Mark it, to compare with", "mark"),
        Row(.branchCompare, .branches, [.char("c")], "Compare it, or the marked one, with the document", "compare"),
        Row(.branchStreams, .branches, [.char("n")], "Go there and make several continuations", "streams"),
        Row(.branchExport, .branches, [.char("e")], "Export it", "export"),
        Row(.branchTrash, .branches, [.char("x")], "To the trash with all below it; there: take it back", "trash"),
        Row(.branchFold, .branches, [.char("f")], "Fold or unfold what is below", "fold"),
        Row(.branchShowTrash, .branches, [.char("u")], "Show or hide the trash", "show trash"),
        Row(.branchPageUp, .branches, [.pageUp], "A page of rows up"),
        Row(.branchPageDown, .branches, [.pageDown, .char(" ")], "A page of rows down"),
        Row(.branchFirst, .branches, [.home, .char("g")], "First row"),
        Row(.branchLast, .branches, [.end, .char("G")], "Last row"),

        Row(.labRun, .laboratory, [.char("r")], "Run the experiment, or go on with it", "run"),
        Row(.labPause, .laboratory, [.char("p")], "Pause it; what is computed stays", "pause"),
        Row(.labRule, .laboratory, [.char("s")], "Next score rule; nothing is computed anew", "score"),
        Row(.labEnter, .laboratory, [.enter], "To the answers, to the items, to an item's exact prompt", "open"),
        Row(.labWrong, .laboratory, [.char("w")], "Items: all, wrong, wrong and confident", "wrong"),
        Row(.labMark, .laboratory, [.char("m")], "Mark this row, to compare with", "mark"),
        Row(.labCompare, .laboratory, [.char("c")], "Compare with the marked row; an item: in all conditions", "compare"),
        Row(.labView, .laboratory, [.char("v")], "View: answers, curve, calibration, spread, about the data and the cost", "view"),
        Row(.labOpen, .laboratory, [.char("o")], "Open another experiment", "experiments"),
        Row(.labExport, .laboratory, [.char("e")], "Export numbers as CSV or JSON, a report as Markdown, the curve as SVG, the panel as ANSI", "export"),
        Row(.labStop, .laboratory, [.char("x")], "Stop it; finished cells stay"),
        Row(.labText, .laboratory, [.char("t")], "Open the experiment's file as text"),
        Row(.labUp, .laboratory, [.up, .char("k")], "Row above"),
        Row(.labDown, .laboratory, [.down, .char("j")], "Row below"),
        Row(.labLeft, .laboratory, [.left, .char("h")], "Answer to the left"),
        Row(.labRight, .laboratory, [.right, .char("l")], "Answer to the right"),
        Row(.labPageUp, .laboratory, [.pageUp], "A page up"),
        Row(.labPageDown, .laboratory, [.pageDown, .char(" ")], "A page down"),
        Row(.labFirst, .laboratory, [.home, .char("g")], "First row"),
        Row(.labLast, .laboratory, [.end, .char("G")], "Last row"),

        Row(.historyFilter, .history, [.char("/")], "Only the runs with some words", "filter"),
        Row(.historyReopen, .history, [.enter], "Open the document at this run again", "reopen"),
        Row(.historyReplay, .history, [.char("r")], "Draw it again and compare token by token; Esc stops", "replay"),
        Row(.historyOpen, .history, [.char("o")], "Open prompt and text as a new document, with its settings", "as new"),
        Row(.historyExport, .history, [.char("e")], "Export the run as JSON", "export"),
        Row(.historyTrash, .history, [.char("x")], "To the trash; there: take it back", "trash"),
        Row(.historyShowTrash, .history, [.char("u")], "Show or hide the trash", "show trash"),
        Row(.historyUp, .history, [.up, .char("k")], "Run above"),
        Row(.historyDown, .history, [.down, .char("j")], "Run below"),
        Row(.historyPageUp, .history, [.pageUp], "A page of runs up"),
        Row(.historyPageDown, .history, [.pageDown, .char(" ")], "A page of runs down"),
        Row(.historyFirst, .history, [.home, .char("g")], "Newest run"),
        Row(.historyLast, .history, [.end, .char("G")], "Oldest run"),

        Row(.shotsMore, .shots, [.char("+"), .char("=")], "One shot more", "shots"),
        Row(.shotsFewer, .shots, [.char("-")], "One shot less"),
        Row(.shotsSeed, .shots, [.char("s")], "Draw the shots by the next seed", "seed"),
        Row(.shotsSeedBefore, .shots, [.char("S")], "Draw the shots by the seed before"),
        Row(.shotsOrder, .shots, [.char("o")], "Next order of the shots", "order"),
        Row(.shotsOrderBefore, .shots, [.char("O")], "Order of the shots before"),
        Row(.shotsWording, .shots, [.char("t")], "Next wording", "wording"),
        Row(.shotsQueryNext, .shots, [.char("n")], "Next query", "query"),
        Row(.shotsQueryPrevious, .shots, [.char("N")], "Query before"),
        Row(.shotUp, .shots, [.up, .char("k")], "Shot above", "choose"),
        Row(.shotDown, .shots, [.down, .char("j")], "Shot below"),
        Row(.shotMoveUp, .shots, [.char("K"), .shift(.up)], "Move the shot up"),
        Row(.shotMoveDown, .shots, [.char("J"), .shift(.down)], "Move the shot down", "move"),
        Row(.shotDrop, .shots, [.char("x")], "Leave the shot out", "drop"),
        Row(.shotReplace, .shots, [.char("a")], "Another of the pool in the shot's place", "another"),
        Row(.shotLabel, .shots, [.char("y")], "Another label for the shot", "label"),
        Row(.shotEdit, .shots, [.enter], "Edit the shot in the document", "edit"),
        Row(.shotsRule, .shots, [.char("m")], "Next score rule: sum, per token, per byte, unconditional, calibrated", "score"),
        Row(.shotsAgain, .shots, [.char("r")], "Build the prompt again as it is drawn", "again"),
        Row(.shotsChoose, .shots, [.char("b")], "Choose another experiment", "experiment"),

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
