import ArgumentParser
import Engine

/// Changes of the model's inside under which a command runs.
struct EditOptions: ParsableArguments {
    @Option(
        name: .customLong("edit"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Change the model inside, as \"L17 H4 zero\" or \"L20 mlpOut scale 0.5 at 12-31\"; may be given several times.", valueName: "edit"))
    var edits: [String] = []

    /// The session, or one of the same tokens under the edits.
    func apply(to session: Session) throws -> Session {
        guard !edits.isEmpty else { return session }
        var read: [Intervention] = []
        for line in edits {
            do throws(Intervention.Fault) { read.append(try Intervention(line)) } catch { throw Failure.usage("--edit \"\(line)\": \(error).") }
        }
        Failure.complain("MODIFIED MODEL: \(read.map { "\($0)" }.joined(separator: "; "))")
        return try session.fork(edits: try session.edits(read)) ?? session
    }
}
