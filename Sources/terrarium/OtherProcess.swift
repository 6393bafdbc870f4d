import Glibc

/// Another run of this program.
enum OtherProcess {
    /// Seconds from the start of the program with some arguments to the first byte it prints.
    static func firstByte(_ arguments: [String]) throws -> Double {
        let start = Clock.seconds
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure.unreadable(path: "A pipe", errno: errno) }
        let process = spawn(arguments, output: ends[1])
        close(ends[1])
        var byte: UInt8 = 0
        let count = read(ends[0], &byte, 1), time = Clock.seconds - start
        close(ends[0])
        if let process { waitpid(process, nil, 0) }
        guard process != nil, count == 1 else { throw Failure.noFirstToken }
        return time
    }

    private static func spawn(_ arguments: [String], output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        var process: pid_t = 0
        return posix_spawn(&process, "/proc/self/exe", &actions, nil, &pointers, environ) == 0 ? process : nil
    }
}
