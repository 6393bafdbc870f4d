import Engine
import Glibc

/// What the main thread has laid out for the worker and it has not taken yet. Of each kind the newest lies on top, alone.
final class WorkerDesk: @unchecked Sendable {
    struct Content {
        var load: String?
        /// A second model to compare the first with.
        var beside: String?
        var wish: Wish?
        var order: Order?
        var comparison: CompareOrder?
        /// A run to be drawn again, or nil within where that is to stop.
        var replay: Order??
        /// Heads to be zeroed alone, or nil within where that is to stop.
        var ablation: AblationOrder??
        /// Another text's values to be put in, or nil within where that is to stop.
        var patch: PatchOrder??
        /// A sweep whose folder is open.
        var opened: SweepWork.Opened?
        var stop = false
        var quit = false
        /// Something about the sweep is other than it was.
        var isSweepChanged = false
        /// The sweep that is to run, and whether it waits. Stays when the rest is taken.
        var sweep: (number: Int, isHeld: Bool)?

        /// Whether what the worker does is to be looked at anew.
        var interrupts: Bool { wish != nil || replay != nil || ablation != nil || patch != nil || beside != nil || stops }
        var stops: Bool { stop || quit || load != nil }
        /// Whether there is anything to take.
        fileprivate var isSomething: Bool {
            interrupts || order != nil || comparison != nil || opened != nil || isSweepChanged
        }
    }
    private var mutex = pthread_mutex_t()
    private var condition = pthread_cond_t()
    private var content = Content()

    init() {
        pthread_mutex_init(&mutex, nil)
        pthread_cond_init(&condition, nil)
    }

    func put(_ change: (inout Content) -> Void) {
        pthread_mutex_lock(&mutex)
        change(&content)
        pthread_cond_signal(&condition)
        pthread_mutex_unlock(&mutex)
    }

    func look(_ question: (Content) -> Bool) -> Bool {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        return question(content)
    }

    /// Takes everything but the sweep, which stays known; waits until there is something, if that is wanted.
    func take(waiting: Bool) -> Content {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        while waiting, !content.isSomething { pthread_cond_wait(&condition, &mutex) }
        let taken = content
        content = Content()
        content.sweep = taken.sweep
        return taken
    }
}
