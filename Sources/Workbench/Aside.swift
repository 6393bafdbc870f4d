import Glibc

/// Does a piece of work on a thread of its own that nobody waits for.
package func aside(_ work: @escaping @Sendable () -> Void) {
    final class Box { let work: @Sendable () -> Void; init(_ work: @escaping @Sendable () -> Void) { self.work = work } }
    var thread = pthread_t(), attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 8 << 20)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let box = Unmanaged.passRetained(Box(work))
    let failed = pthread_create(&thread, &attributes, { context in
        context.map { Unmanaged<Box>.fromOpaque($0).takeRetainedValue().work() }
        return nil
    }, box.toOpaque())
    // Without a thread it is done here: late is better than never.
    if failed != 0 { box.takeRetainedValue().work() }
    pthread_attr_destroy(&attributes)
}
