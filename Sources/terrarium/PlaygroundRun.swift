import Document
import Engine
import struct Remote.Connection
import Glibc
import struct Laboratory.Experiment
import struct Laboratory.ExperimentError
import Store
import Terminal
import Workbench

/// Opens the playground: the terminal, the worker, the loop; returns when the person leaves.
///
/// Throws: where the terminal cannot be taken over; the model's faults are shown inside.
func runPlayground(
    file: String?, server: Connection?, model: String?, threads: Int?, color: String, locations: Locations, configuration: Configuration
) throws {
    let screen = try CursesScreen(
        theme: Theme.named(configuration.theme ?? "dark") ?? .dark, color: color, mouse: configuration.mouse ?? true)
    defer { screen.stop() }
    let wake = try Wake()
    let desk = Desk(screen: screen, wake: wake, locations: locations, configuration: configuration, threads: threads)
    desk.open(file: file, server: server, model: model)
    let ending = Loop(
        handle: { desk.take(.event($0)) }, posted: desk.takePosted,
        frame: { width, height in desk.frame(width, height) },
        isDone: { desk.state.isQuitting }, nextTick: { desk.nextTick }, tick: desk.tick
    ).run(screen: screen, wake: wake)
    desk.close()
    let signal: Int32
    switch ending {
    case .done: return
    case .hangup: signal = SIGHUP
    case .terminated(let number): signal = number
    }
    screen.stop()
    throw Failure.ended(signal: signal, kept: desk.kept)
}

/// What stands between the state and the world: carries effects out and brings messages in.
private final class Desk {
    private(set) var state: State
    /// Where unsaved text is when the program ends, in words.
    private(set) var kept: String?
    private let screen: CursesScreen
    private let inbox: Inbox
    private let worker: Worker
    private let remote: RemoteWorker
    private let locations: Locations
    private let configuration: Configuration
    private var library: PromptLibrary
    private var watch = FileWatch()
    /// When the open file is looked at again, and when a key last came, by `Loop.now`.
    private var nextLook = Loop.now(), lastKey = 0
    private let store: Store
    /// When what has changed is handed to the store, by `Loop.now`.
    private var keepAt: Int?
    private var waiting: [Message] = []
    private var isTaking = false

    init(screen: CursesScreen, wake: Wake, locations: Locations, configuration: Configuration, threads: Int?) {
        (self.screen, self.locations, self.configuration) = (screen, locations, configuration)
        let inbox = Inbox(wake)
        self.inbox = inbox
        worker = Worker(threads: threads ?? configuration.threads ?? Model.defaultThreads) { inbox.post($0) }
        remote = RemoteWorker { inbox.post($0) }
        store = Store(path: locations.store) { inbox.post($0) }
        library = PromptLibrary(folders: [])
        var random = SystemRandomNumberGenerator()
        state = State(width: screen.size.width, height: screen.size.height, seed: random.next())
        state.files.ownFolder = locations.prompts
        state.files.home = getenv("HOME").map { String(cString: $0) }
        state.themeName = configuration.theme ?? "dark"
        state.mouse = configuration.mouse ?? true
        state.configure(configuration.sampling)
    }

    func open(file: String?, server: Connection?, model: String?) {
        if let server {
            take(.report(.asking(server.name)))
            perform(.connect(server, beside: false))
        } else {
            do throws(Failure) {
                worker.load(try ModelOptions.resolve(model, locations, configuration))
            } catch { take(.report(.noModel(error.description))) }
        }
        if let file, file.hasSuffix(".yaml"), access(file, F_OK) == 0 {
            state.openExperiment(file).forEach(perform)
        } else if let file {
            // A name that is not taken yet becomes a new document's.
            if access(file, F_OK) != 0, errno == ENOENT { take(.opened(path: file, bytes: [])) } else { perform(.read(path: file)) }
        }
        perform(.listFiles)
        store.unclosed()
        store.newest()
    }

    func frame(_ width: Int, _ height: Int) -> Frame {
        if state.size != (width, height) { take(.event(.resize(width: width, height: height))) }
        return View.frame(state)
    }

    func takePosted() {
        for message in inbox.take() { take(message) }
    }

    /// What an effect answers waits until the effects before it are carried out: a newer wish must not be overtaken by an older.
    func take(_ message: Message) {
        if case .event(.key) = message { lastKey = Loop.now() }
        waiting.append(message)
        guard !isTaking else { return }
        isTaking = true
        defer { isTaking = false }
        state.editor.clock = Self.clock()
        while !waiting.isEmpty {
            for effect in state.update(waiting.removeFirst()) { perform(effect) }
        }
        if !state.hasUnkept { keepAt = nil } else if keepAt == nil { keepAt = Loop.now() + Self.keepMilliseconds }
    }

    /// Long enough to take some keys together, short enough to lose less than a second.
    private static let keepMilliseconds = 300
    private static let lookMilliseconds = 2000

    /// Nothing is looked at while no file is open.
    var nextTick: Int? { [keepAt, watch.path != nil && watch.path == state.file.path ? nextLook : nil].compactMap { $0 }.min() }

    func tick() -> Bool {
        let now = Loop.now()
        var isNew = false
        if let due = keepAt, due <= now {
            keepAt = nil
            take(.keep)
            isNew = true
        }
        if nextLook <= now, look() { isNew = true }
        return isNew
    }

    private static func absolute(_ path: String) -> String {
        var whole = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        if realpath(path, &whole) != nil { return String(decoding: whole.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        guard !path.hasPrefix("/"), getcwd(&whole, whole.count) != nil else { return path }
        return Locations.join(String(decoding: whole.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self), path)
    }

    /// Unit: seconds since 1970.
    private static func clock() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Ends the threads; text that the store could not take goes beside the person's prompts.
    func close() {
        remote.quit()
        worker.quit()
        let isKept = store.close()
        guard state.hasUnsaved else { return }
        if isKept { kept = "kept: ^R opens it again" } else { keep(state.editor.document.bytes) }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .wish(let wish): worker.want(wish)
        case .generate(let order): worker.generate(order)
        case .stopGeneration:
            worker.stop()
            remote.stop()
        case .connect(let connection, let beside): remote.connect(connection, beside: beside)
        case .ask(let order): remote.generate(order)
        case .compare(let order): worker.compare(order)
        case .replay(let order): worker.replay(order)
        case .holdSweep(let isHeld):
            worker.holdSweep(isHeld)
            remote.holdSweep(isHeld)
        case .endSweep:
            worker.endSweep()
            remote.endSweep()
        case .readExperiment, .lookAtResults, .sweep, .contrast: performInLaboratory(effect)
        case .copy(let bytes): screen.copy(bytes)
        case .setMouse(let on): screen.setMouse(on)
        case .setTheme(let name): if let theme = Theme.named(name) { screen.theme = theme }
        case .redraw: screen.invalidate()
        case .suspend:
            screen.suspend()
            take(.event(.resume))
        case .quit: break
        case .keep(var batch, let number):
            batch.path = batch.path.map(Self.absolute)
            store.keep(batch, number: number)
        case .close(let document): store.close(document: document)
        case .findRuns(let query, let trashed): store.find(query, trashed: trashed)
        case .readRun(let id): store.run(id)
        case .trashRun(let id, let isTrashed): store.trash(run: id, isTrashed)
        case .recall(let document): store.open(document: document)
        case .recallFile(let path): store.open(path: Self.absolute(path))
        case .readKept(var opened):
            // Stored under its whole path, shown by the one it was opened by.
            if let path = state.file.path, Self.absolute(path) == opened.document.path { opened.document.path = path }
            let path = opened.document.path
            let stamp = path.flatMap { FileStamp(of: $0) }, bytes = path.flatMap { FileBytes.read($0, limit: Self.fileLimit) }
            take(.recalled(opened, bytes: bytes))
            if let path, path != watch.path { watch.know(path, stamp) }
        case .know: watch.accept()
        case .ablate(let order): worker.ablate(order)
        case .patch(let order): worker.patch(order)
        case .load(let path): worker.load(path)
        case .loadBeside(let path): worker.loadBeside(path)
        case .listModels:
            let (inbox, places, connections) = (inbox, ModelPlaces(locations), locations.connections)
            aside { FoundServer.all(connections) { inbox.post(.servers($0, problem: $1)) } }
            aside {
                var found: [FoundModel] = []
                for file in places.files {
                    guard let model = try? FoundModel(file) else { continue }
                    found.append(model)
                    inbox.post(.models(found, isWhole: false))
                }
                inbox.post(.models(found, isWhole: true))
            }
        case .save, .export, .read, .readToCompare, .readEdits, .writeTable, .listFiles, .preview, .rename, .duplicate, .trash: performOnFiles(effect)
        }
    }

    /// What takes its time is done beside.
    private func performInLaboratory(_ effect: Effect) {
        let inbox = inbox
        func placed(_ order: SweepOrder) -> SweepOrder {
            var order = order
            order.folder = locations.results(of: Self.absolute(order.experiment.path))
            return order
        }
        switch effect {
        case .readExperiment(let path): aside { inbox.post(.experiment(path: path, SweepWork.read(path))) }
        case .lookAtResults(let order):
            let order = placed(order)
            if let server = state.server {
                aside { SweepWork.look(order, RemoteScorer(server, writes: false, cancelled: { true })) { inbox.post($0) } }
            } else if let model = state.readyModel {
                aside { SweepWork.look(order, SweepWork.Lengths(model: model)) { inbox.post($0) } }
            }
        case .sweep(let order): if let server = state.server { remote.sweep(placed(order), server) } else { worker.sweep(placed(order)) }
        case .contrast(let order): aside { inbox.post(.contrasted(number: order.number, order.contrast)) }
        default: break
        }
    }

    private func performOnFiles(_ effect: Effect) {
        do {
            switch effect {
            case .save(let path, let bytes, let replacing): try save(bytes, to: path, replacing)
            case .export(let export, let path, let replacing):
                guard replacing || access(path, F_OK) != 0 else { return take(.inTheWay(export.subject, path: path)) }
                try Saver.save(export.bytes(date: Self.today()), to: path)
                take(.exported(export, path: path))
            case .read(let path):
                let stamp = FileStamp(of: path)
                take(.opened(path: path, bytes: try bytes(of: path)))
                watch.know(path, stamp)
            case .readToCompare(let path): take(.readToCompare(path: path, bytes: try bytes(of: path)))
            case .readEdits(let path): take(.readEdits(path: path, bytes: try bytes(of: path)))
            case .writeTable(let path, let bytes):
                guard access(path, F_OK) != 0 else { return take(.failed("\(path) is there already; give the export another name")) }
                try Saver.save(bytes, to: path)
                take(.wroteTable(path: path))
            case .listFiles: relist()
            case .preview(let path): take(.previewed(path: path, bytes: FileBytes.read(path, limit: Self.previewLimit) ?? []))
            case .rename(let entry, let name):
                let path = try library.rename(entry, to: name)
                watch.renamed(from: entry.path, to: path)
                take(.renamed(from: entry.path, to: path))
                relist()
            case .duplicate(let entry):
                take(.duplicated(to: try library.duplicate(entry)))
                relist()
            case .trash(let entry):
                let place = try library.trash(entry, dataHome: Saver.folder(of: locations.data))
                watch.forget(entry.path)
                take(.trashed(path: entry.path, to: place))
                relist()
            default: break
            }
        } catch { take(.failed("\(error)")) }
    }

    /// Longer than the longest front matter.
    private static let previewLimit = 128 << 10

    private func save(_ bytes: [UInt8], to path: String, _ replacing: Effect.Replacing) throws(SaveError) {
        if let found = FileStamp(of: path) {
            guard replacing == .anything || replacing == .known && watch.knows(path, as: found) else {
                look()
                return take(.occupied(path: path))
            }
        }
        if Saver.folder(of: path) == locations.prompts { PromptLibrary.makeFolders(locations.prompts) }
        try Saver.save(bytes, to: path)
        watch.know(path, FileStamp(of: path))
        take(.saved(path: path))
        relist()
    }

    private func bytes(of path: String) throws(Failure) -> [UInt8] {
        guard let bytes = FileBytes.read(path, limit: Self.fileLimit) else { throw .unreadable(path: path, errno: errno) }
        return bytes
    }

    private static let fileLimit = 64 << 20

    /// Looks at the folders, and whether the open file is as it was read.
    private func relist() {
        if library.folders != locations.promptFolders { library = PromptLibrary(folders: locations.promptFolders) } else { library.refresh() }
        take(.listed(library.entries))
        look()
    }

    // MARK: The open file on the disk

    /// Tells the state what became of the open file; true where something did.
    @discardableResult
    private func look() -> Bool {
        let now = Loop.now()
        nextLook = now + Self.lookMilliseconds
        guard let path = watch.path, path == state.file.path, let found = watch.look(limit: Self.fileLimit) else { return false }
        switch found {
        case .changed(let bytes): take(.changedOnDisk(path: path, bytes: bytes, quietly: now - lastKey < 1000))
        case .gone: take(.changedOnDisk(path: path, bytes: nil, quietly: true))
        case .unreadable(let number): take(.failed("\(path) was changed by another program and cannot be read: \(String(cString: strerror(number)))"))
        }
        return true
    }

    /// The local date, as exports name it.
    private static func today() -> String {
        var now = time(nil), parts = tm()
        localtime_r(&now, &parts)
        var buffer = [CChar](repeating: 0, count: 16)
        let length = strftime(&buffer, buffer.count, "%Y-%m-%d", &parts)
        return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Unsaved text goes beside the person's prompts when the program is ended from outside.
    private func keep(_ bytes: [UInt8]) {
        for number in 1..<1000 {
            let path = "\(locations.prompts)/recovered-\(number).md"
            guard access(path, F_OK) != 0 else { continue }
            PromptLibrary.makeFolders(Saver.folder(of: path))
            do { try Saver.save(PromptFile.plain(bytes), to: path) } catch { return }
            kept = "in \(path)"
            return
        }
    }
}

/// What other threads have posted and the main thread has not taken yet.
private final class Inbox: @unchecked Sendable {
    private let wake: Wake
    private var mutex = pthread_mutex_t()
    private var messages: [Message] = []
    init(_ wake: Wake) {
        self.wake = wake
        pthread_mutex_init(&mutex, nil)
    }
    func post(_ report: Report) { post(.report(report)) }
    func post(_ report: StoreReport) { post(.store(report)) }
    func post(_ message: Message) {
        pthread_mutex_lock(&mutex)
        messages.append(message)
        pthread_mutex_unlock(&mutex)
        wake.ring()
    }
    func take() -> [Message] {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        let taken = messages
        messages = []
        return taken
    }
}
