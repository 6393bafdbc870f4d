import Foundation
import Remote
import Testing
import Workbench

@Suite("The file of connections")
struct ConnectionsTests {
    private func read(_ yaml: String) throws -> [Connection] { try Connections.parse(Array(yaml.utf8), path: "/c/connections.yaml") }
    private func words(_ yaml: String) -> String {
        do { _ = try read(yaml) } catch { return "\(error)" }
        return ""
    }

    @Test("is a list of servers; an empty one has none, and one that is not there too")
    func list() throws {
        let found = try read("""
            # mine
            - name: lab
              url: http://127.0.0.1:8080
            - name: big
              url: https://x.org/v1/
              model: m-7
              key_file: keys/big
            - {name: third, url: "http://10.0.0.1:1", insecure: true, key_env: K}
            """)
        #expect(found.map(\.name) == ["lab", "big", "third"] && found[1].model == "m-7" && found[1].keySource == .file("/c/keys/big"))
        #expect(found[0].base.absoluteString == "http://127.0.0.1:8080/v1" && found[2].isInsecure && found[2].keySource == .environment("K"))
        #expect(try read("").isEmpty && read("# nothing\n").isEmpty && Connections.read("/nowhere/connections.yaml").isEmpty)
    }

    @Test("says what is wrong, where, and what would be right; a key that stands in it is never repeated", arguments: [
        ("name: lab", "must be a list"), ("- lab", "each server is"), ("- name: lab", "needs name: and url:"), ("- name: a\n  url: 8080", "http:// or https://"),
        ("- name: a\n  url: http://10.0.0.1", "another machine"), ("- name: a\n  url: https://x.org\n  port: 3", "`port` is no setting"),
        ("- name: a\n  url: https://x.org\n- name: a\n  url: https://y.org", "two servers are called a"), ("- name: a\n  url: [1]", "must be one text"),
        ("- name: a\n  url: https://x.org\n  key_env: A\n  key_file: b", "both key_env and key_file"), ("- name: a\n  url: https://x.org\n  insecure: maybe", "true or false"),
        ("- name: a\n  url: https://x.org\n  api_key: sk-canary-1", "do not belong into this file"), ("- [", "not sound YAML"), ("- &a b\n- *a", "not sound YAML"),
    ])
    func faults(yaml: String, expected: String) {
        #expect(words(yaml).contains(expected) && words(yaml).hasPrefix("/c/connections.yaml") && !words(yaml).contains("canary"), "\(words(yaml))")
    }

    @Test("nested without end is refused, not followed")
    func deep() {
        #expect(!words(String(repeating: "[", count: 50_000)).isEmpty && !words(String(repeating: "- ", count: 20_000)).isEmpty)
    }
}
