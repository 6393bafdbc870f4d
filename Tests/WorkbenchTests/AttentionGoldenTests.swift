import Terminal
import Testing
import Workbench

/// Whole panels as they were looked at and found right.
@Suite("The attention panel: pictures") struct AttentionGoldenTests {
    private func desk(_ width: Int, _ height: Int) throws -> AttentionDesk {
        var desk = try AttentionDesk(width: width, height: height)
        desk.bringHeads()
        _ = try desk.bringScores()
        return desk
    }

    @Test("Heads at 120 x 30, one locked and another under the cursor: text, styles, and without colours")
    func heads() throws {
        var desk = try desk(120, 30)
        desk.press(.down, times: 3)
        desk.press(.right, times: 4)
        desk.press(.char(" "), .right, .right)
        #expect(desk.panel.joined(separator: "\n") == """
            ┌─ Attention ───────────────────── Heads · to token ─┐
            │layer 0 1 2 3 4 5 6 7 8   L3·H6  from ␣cheese (13)  │
            │    0 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  to : (L3·H4's)     0.040  │
            │    3 ▀▀▀▀▀▀▀▀▀.▀▀▀▼▀▀▀▀  entropy, nats       1.53  │
            │    4 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  previous            0.13  │
            │    6 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  duplicate           0.05  │
            │    8 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  induction           0.06  │
            │   10 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  sink                0.24 ◂│
            │   12 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  mean of newest 14         │
            │   14 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  chosen L3·H4              │
            │   16 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀                            │
            │   18 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  looks at                  │
            │   20 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  1 English        11 0.640 │
            │   22 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  2 ⏎               4 0.050 │
            │   24 ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀  3 ␣mer            9 0.050 │
            └─ ←→↑↓ head  ⏎ lock  ␣ add  m metric  v view ───────┘
            """)
        #expect(desk.styles.joined(separator: "\n") == """
            ffFFFFFFFFFFFfffffffffffffffffffffffffffffffffffffffff
            fddddd d d d d d d A d d   AAAAA  ddddddddddddddddd  f
            f    d 000000000000000055                     nnnnn  f
            f    A 000000005500000000                      nnnn  f
            f    d 550000000000000000                      nnnn  f
            f    d 000000000000000000                      nnnn  f
            f    d 000000000000550000                      nnnn  f
            f   dd 000055000000000000                      nnnn af
            f   dd 000000000000000000  ddddddddddddddddd         f
            f   dd 000000000000000044  dddddddddddd              f
            f   dd 000000004400000000                            f
            f   dd 440000000000000000  dddddddd                  f
            f   dd 000000000000000000  d                dd       f
            f   dd 000000000000550000  d                 d       f
            f   dd 000055000000000000  d                 d       f
            ffddddddddddddddddddddddddddddddddddddddddddddffffffff
            """)
        #expect(desk.drawn(.mono) == """
            ┌─ Attention ───────────────────── Heads · to token ─┐
            │layer 0 1 2 3 4 5 6 7 8   L3·H6  from ␣cheese (13)  │
            │    0       ░░        ░░  to : (L3·H4's)     0.040  │
            │    3         ░.   ▼      entropy, nats       1.53  │
            │    4 ░░                  previous            0.13  │
            │    6           ░░        duplicate           0.05  │
            │    8   ░░        ░░      induction           0.06  │
            │   10     ░░              sink                0.24 ◂│
            │   12               ░░    mean of newest 14         │
            │   14       ░░        ░░  chosen L3·H4              │
            │   16         ░░                                    │
            │   18 ░░                  looks at                  │
            │   20           ░░        1 English        11 0.640 │
            │   22   ░░        ░░      2 ⏎               4 0.050 │
            │   24     ░░              3 ␣mer            9 0.050 │
            └─ ←→↑↓ head  ⏎ lock  ␣ add  m metric  v view ───────┘
            """)
        #expect(desk.drawn(.c8) == desk.drawn(.mono))
    }

    @Test("Heads at 80 x 24: a column a head, all layers")
    func narrow() throws {
        let desk = try desk(80, 24)
        #expect(desk.panel.joined(separator: "\n") == """
            ┌─ Attention ────── Heads · to token ─┐
            │   012345678  L0·H0  from ␣chee… (13)│
            │ 0 ▲▀▀▀▀▀▀▀▀  to ␣sea (most)  0.049  │
            │ 2 ▀▀▀▀▀▀▀▀▀  entropy, nats    1.63  │
            │ 4 ▀▀▀▀▀▀▀▀▀  previous         0.07  │
            │ 6 ▀▀▀▀▀▀▀▀▀  duplicate        0.03  │
            │ 8 ▀▀▀▀▀▀▀▀▀  induction        0.06  │
            │10 ▀▀▀▀▀▀▀▀▀  sink             0.07 ◂│
            │12 ▀▀▀▀▀▀▀▀▀  mean of newest 14      │
            │14 ▀▀▀▀▀▀▀▀▀                         │
            │16 ▀▀▀▀▀▀▀▀▀  looks at               │
            │18 ▀▀▀▀▀▀▀▀▀  1 ⟨first⟩      0 0.610 │
            │20 ▀▀▀▀▀▀▀▀▀  2 ␣sea         2 0.049 │
            │22 ▀▀▀▀▀▀▀▀▀  3 ␣loutre      7 0.049 │
            │24 ▀▀▀▀▀▀▀▀▀  4 :           12 0.049 │
            │26 ▀▀▀▀▀▀▀▀▀  5 ⏎            4 0.039 │
            │28 ▀▀▀▀▀▀▀▀▀  6 ␣mer         9 0.039 │
            │              7 :            1 0.029 │
            │              8 :            6 0.029 │
            │              9 English     11 0.029 │
            └─ ←→↑↓ head  ⏎ lock  ␣ add ──────────┘
            """)
    }

    @Test("Map at 80 x 24, zoomed: names, and shades without colours")
    func map() throws {
        var desk = try desk(80, 24)
        desk.press(.char("v"), .char("z"))
        desk.bringMap()
        #expect(desk.panel.joined(separator: "\n") == """
            ┌─ Attention ──────────────────────────────────────────────────── Map · L0·H0 ─┐
            │          Eng :   sea ott ⏎   Fre :   lou de  mer ⏎   Eng :   che             │
            │English   ▀▀▀                                                                 │
            │:         ▀▀▀ ▀▀▀                                                             │
            │␣sea      ▀▀▀ ▀▀▀ ▀▀▀                                                         │
            │␣otter    ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                                                     │
            │⏎         ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                                                 │
            │French    ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                                             │
            │:         ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                                         │
            │␣loutre   ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                                     │
            │␣de       ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                                 │
            │␣mer      ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                             │
            │⏎         ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                         │
            │English   ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                     │
            │:         ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀                 │
            │␣cheese   ▀▀▀ ▀▀▀ ▀▀▀◂▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀             │
            │                                                                              │
            │␣cheese (13) → ␣sea (2)  0.0488  log -3.02                                    │
            │L0·H0  row sum without first 0.390  pooled 1:1                                │
            │0 ▀▀▀▀▀▀ 1  linear                                                            │
            └─ ←→↑↓ crosshair  + - zoom  l log  h hide first  ⏎ go to  v view  , . head ───┘
            """)
        #expect(desk.drawn(.mono) == """
            ┌─ Attention ──────────────────────────────────────────────────── Map · L0·H0 ─┐
            │          Eng :   sea ott ⏎   Fre :   lou de  mer ⏎   Eng :   che             │
            │English   ███                                                                 │
            │:         ▓▓▓ ░░░                                                             │
            │␣sea      ▓▓▓     ░░░                                                         │
            │␣otter    ▓▓▓                                                                 │
            │⏎         ▓▓▓                                                                 │
            │French    ▓▓▓                                                                 │
            │:         ▓▓▓                                                                 │
            │␣loutre   ▓▓▓                                                                 │
            │␣de       ▓▓▓                                                                 │
            │␣mer      ▓▓▓                                                                 │
            │⏎         ▓▓▓                                                                 │
            │English   ▓▓▓                                                                 │
            │:         ▒▒▒                                                                 │
            │␣cheese   ▒▒▒        ◂                                                        │
            │                                                                              │
            │␣cheese (13) → ␣sea (2)  0.0488  log -3.02                                    │
            │L0·H0  row sum without first 0.390  pooled 1:1                                │
            │0  ░▒▒▓█ 1  linear                                                            │
            └─ ←→↑↓ crosshair  + - zoom  l log  h hide first  ⏎ go to  v view  , . head ───┘
            """)
    }

    @Test("Text at 80 x 24: the ranked list")
    func text() throws {
        var desk = try desk(80, 24)
        desk.press(.char("v"), .char("v"))
        #expect(desk.panel.joined(separator: "\n") == """
            ┌─ Attention ─ Text · where it looks ─┐
            │from ␣cheese (13), L0·H0             │
            │ 1 ⟨first⟩     0 0.610 ███████▉      │
            │ 2 ␣sea        2 0.049 ▋             │
            │ 3 ␣loutre     7 0.049 ▋             │
            │ 4 :          12 0.049 ▋             │
            │ 5 ⏎           4 0.039 ▌             │
            │ 6 ␣mer        9 0.039 ▌             │
            │ 7 :           1 0.029 ▍             │
            │ 8 :           6 0.029 ▍             │
            │ 9 English    11 0.029 ▍             │
            │10 ␣otter      3 0.020 ▎             │
            │11 ␣de         8 0.020 ▎             │
            │12 ␣cheese    13 0.020 ▎             │
            │13 French      5 0.010 ▏             │
            │14 ⏎          10 0.010 ▏             │
            │                                     │
            │                                     │
            │                                     │
            │                                     │
            └─ o out  i in  E spread  ←→ token ───┘
            """)
    }
}
