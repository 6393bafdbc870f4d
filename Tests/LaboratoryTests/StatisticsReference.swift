import Foundation

import Laboratory

/// Fixtures/statistics.json, written by Fixtures/statistics.py with scipy, statsmodels, scikit-learn and numpy.
struct StatisticsReference: Decodable {
    struct Wilson: Decodable { let hits, count: Int, low, high: Double }
    struct Moments: Decodable { let values: [Double], mean, deviation: Double }
    struct Spreads: Decodable {
        struct Axis: Decodable { let means: [Double], deviation, low, high: Double }
        /// Shape: [seeds][orders][templates]
        let accuracies: [[[Double]]]
        let low, high: Double
        let seeds, orders, templates: Axis?
    }
    struct Pairs: Decodable { let a, b: String, onlyA, onlyB: Int, exactP, chiSquare, chiSquareP: Double }
    struct Bootstrap: Decodable { let a, b: [String], seed: Int, difference, low, high, p, scipyLow, scipyHigh: Double }
    struct Calibrations: Decodable {
        let scores, probabilities: [[Double]], answers: [Int], brier, ece: Double, counts: [Int]
        /// Of the bins that are not empty.
        let confidence, accuracy: [Double]
    }
    struct Confusions: Decodable {
        let classes: Int, answers, guesses: [Int], precision, recall, f1: [Double?], counts: [[Int]], accuracy, majority: Double
    }
    struct Biases: Decodable {
        struct Bias: Decodable { let items: Int, guessed, right, bias: Double }
        let guesses, answers: [Int], shots: [[Int]], recency, majority: Bias?
    }

    let wilson: [Wilson]
    let moments: [Moments]
    let spread: [Spreads]
    let mcnemar: [Pairs]
    let bootstrap: [Bootstrap]
    let calibration: [Calibrations]
    let confusion: [Confusions]
    let biases: [Biases]

    static func load(_ file: String = #filePath) throws -> StatisticsReference {
        let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures/statistics.json")
        return try JSONDecoder().decode(StatisticsReference.self, from: Data(contentsOf: url))
    }

    static func bits(_ text: String) -> [Bool] { text.map { $0 == "1" } }
}

/// Whether two numbers are the same but for the rounding of another order of sums.
func near(_ found: Double?, _ expected: Double?, _ tolerance: Double = 1e-10) -> Bool {
    guard let found, let expected else { return found == nil && expected == nil }
    return abs(found - expected) <= tolerance * max(1, abs(expected))
}
