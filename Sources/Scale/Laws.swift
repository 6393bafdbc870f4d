import Foundation

/// `base` to the `exponent`, for positive bases.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

/// Losses and numbers of tokens as published laws predict them. They were fitted on other text and other tokens than any model
/// here has: their slopes carry over sooner than their levels.
package enum Law {
    /// Source: Hoffmann et al. 2022, section 3.3, equation 10 (approach 3). Unit: nats a token.
    package static func hoffmann(parameters: Double, tokens: Double) -> Double {
        1.69 + 406.4 / power(parameters, 0.34) + 410.7 / power(tokens, 0.28)
    }
    package static let hoffmannFormula = "1.69 + 406.4 / N^0.34 + 410.7 / D^0.28"

    /// With text without end. Source: Kaplan et al. 2020, equation 1.1; N without embeddings. Unit: nats a token.
    package static func kaplan(parameters: Double) -> Double { power(8.8e13 / parameters, 0.076) }
    package static let kaplanFormula = "(8.8e13 / N)^0.076"

    /// With both. Source: Kaplan et al. 2020, equation 1.5 with the exponents and scales of table 2. Unit: nats a token.
    package static func kaplan(parameters: Double, tokens: Double) -> Double {
        let alphaN = 0.076, alphaD = 0.103
        return power(power(6.4e13 / parameters, alphaN / alphaD) + 1.8e13 / tokens, alphaD)
    }
    package static let kaplanBothFormula = "((6.4e13 / N)^(0.076/0.103) + 1.8e13 / D)^0.103"

    /// How many tokens a model of so many parameters is trained on where arithmetic is all that counts.
    /// Source: Hoffmann et al. 2022, table 3: twenty a parameter over its range.
    package static func chinchillaTokens(parameters: Double) -> Double { 20 * parameters }
}
