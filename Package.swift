// swift-tools-version: 6.1
import PackageDescription

/// The kernels are optimised in debug builds too: at -O0 the tests crawl. No contraction: every fused
/// multiply-add is written out, so that all instruction sets give the same bits.
let kernelFlags: [CSetting] = [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno", "-std=c11"])]

let package = Package(
    name: "terrarium",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        .target(name: "CKernels", cSettings: kernelFlags),
        .target(name: "CCurses", linkerSettings: [.linkedLibrary("ncursesw")]),
        .target(name: "JSONText"),
        .target(name: "GGUF"),
        .target(name: "HuggingFace", dependencies: ["GGUF", "JSONText"]),
        .target(name: "Tokenizer", dependencies: ["GGUF", "JSONText"]),
        .target(name: "Transformer", dependencies: ["CKernels", "GGUF"]),
        .target(name: "Engine", dependencies: ["CKernels", "GGUF", "HuggingFace", "Tokenizer", "Transformer"]),
        .target(name: "Document", dependencies: ["JSONText", "Tokenizer", "Yams"]),
        .target(name: "Store", dependencies: ["Document", "JSONText", "Tokenizer", .product(name: "GRDB", package: "GRDB.swift")]),
        .target(name: "Laboratory", dependencies: ["Engine", "JSONText", "Tokenizer", "Yams"]),
        .target(name: "Remote", dependencies: ["Engine", "JSONText", "Tokenizer"]),
        .target(name: "Scale"),
        .target(name: "Terminal"),
        .target(name: "Workbench", dependencies: ["Engine", "HuggingFace", "JSONText", "Remote", "Tokenizer", "Document", "Laboratory", "Store", "Terminal", "Yams"]),
        .executableTarget(
            name: "terrarium",
            dependencies: [
                "CCurses", "CKernels", "Document", "Engine", "GGUF", "HuggingFace", "JSONText", "Laboratory", "Remote", "Scale", "Store", "Terminal", "Tokenizer", "Transformer", "Workbench",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(name: "CKernelsTests", dependencies: ["CKernels"], exclude: ["Fixtures"]),
        .testTarget(name: "GGUFTests", dependencies: ["GGUF"]),
        .testTarget(name: "JSONTextTests", dependencies: ["JSONText"]),
        .testTarget(name: "HuggingFaceTests", dependencies: ["Engine", "GGUF", "HuggingFace", "JSONText", "Tokenizer", "Transformer"], exclude: ["Fixtures"]),
        .testTarget(name: "TokenizerTests", dependencies: ["Tokenizer", "GGUF", "JSONText"], exclude: ["Fixtures"]),
        .testTarget(name: "EngineTests", dependencies: ["CKernels", "Engine", "GGUF", "Tokenizer", "Transformer"], exclude: ["Fixtures"]),
        .testTarget(name: "DocumentTests", dependencies: ["Document", "GGUF", "Tokenizer"]),
        .testTarget(name: "StoreTests", dependencies: ["Document", "Store", "Tokenizer", .product(name: "GRDB", package: "GRDB.swift")]),
        .testTarget(name: "LaboratoryTests", dependencies: ["Engine", "GGUF", "Laboratory", "Tokenizer"], exclude: ["Fixtures"]),
        .testTarget(name: "RemoteTests", dependencies: ["Engine", "JSONText", "Laboratory", "Remote", "Terminal", "Tokenizer", "Workbench"], exclude: ["Fixtures"]),
        .testTarget(name: "ScaleTests", dependencies: ["Scale"]),
        .testTarget(name: "TerminalTests", dependencies: ["Terminal"]),
        .testTarget(name: "WorkbenchTests", dependencies: ["Document", "Remote", "Engine", "GGUF", "HuggingFace", "JSONText", "Laboratory", "Store", "Terminal", "Tokenizer", "Workbench"], exclude: ["Fixtures"]),
        .testTarget(name: "ProgramTests", dependencies: ["CCurses", "Document", "Store", "Terminal", "Workbench"]),
    ]
)
