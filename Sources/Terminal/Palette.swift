import Glibc

/// The numbered colours of terminals, and the ramps of heat made of them.
package enum Palette {
    /// The 16 colours as xterm has them; a user's palette may differ, so nothing but ramps relies on them.
    private static let base: [(Double, Double, Double)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
        (255, 255, 255),
    ]

    /// A colour beyond the 256, by its parts of 0...255.
    package static func exact(_ red: Double, _ green: Double, _ blue: Double) -> Int32 {
        exactly | Int32(red + 0.5) << 16 | Int32(green + 0.5) << 8 | Int32(blue + 0.5)
    }
    /// What marks a number as three parts.
    private static let exactly: Int32 = 1 << 24

    /// The number of a terminal that takes 24 bits: below 8 its own palette, else red, green and blue.
    package static func direct(_ colour: Int32) -> Int32 {
        if colour < 8 { return colour }
        let (red, green, blue) = rgb(Int(colour))
        return max(8, exact(red, green, blue) & (exactly - 1))
    }

    /// The red, green and blue of a colour of the 256, or of an exact one, each 0...255.
    package static func rgb(_ index: Int) -> (red: Double, green: Double, blue: Double) {
        if index >= Int(exactly) { return (Double(index >> 16 & 255), Double(index >> 8 & 255), Double(index & 255)) }
        let index = min(max(index, 0), 255)
        if index < 16 { return base[index] }
        if index >= 232 {
            let grey = Double(8 + 10 * (index - 232))
            return (grey, grey, grey)
        }
        let step = { (level: Int) in level == 0 ? 0.0 : Double(55 + 40 * level) }
        let cube = index - 16
        return (step(cube / 36), step(cube / 6 % 6), step(cube % 6))
    }

    /// Relative luminance, 0...1.
    /// Source: WCAG 2.1.
    package static func luminance(_ index: Int) -> Double {
        let linear = { (channel: Double) in
            let x = channel / 255
            return x <= 0.03928 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4)
        }
        let (red, green, blue) = rgb(index)
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// Contrast of two colours, 1...21.
    /// Source: WCAG 2.1.
    package static func contrast(_ one: Int, _ other: Int) -> Double {
        let a = luminance(one) + 0.05
        let b = luminance(other) + 0.05
        return max(a, b) / min(a, b)
    }

    /// Whichever of the two stands out better on the background.
    static func legible(on background: Int, _ dark: Int32, _ light: Int32) -> Int32 {
        contrast(Int(dark), background) >= contrast(Int(light), background) ? dark : light
    }

    /// 64 colours through the anchors: straight lines between them, the nearest of the 240 fixed colours to each
    /// point, and luminance that never turns back.
    static func ramp(_ anchors: [Int]) -> [Int32] {
        let count = Int(Heat.levels)
        let rising = luminance(anchors[anchors.count - 1]) >= luminance(anchors[0])
        var out: [Int32] = []
        for level in 0..<count {
            let place = Double(level) * Double(anchors.count - 1) / Double(count - 1)
            let segment = min(Int(place), anchors.count - 2)
            let t = place - Double(segment)
            let from = rgb(anchors[segment])
            let to = rgb(anchors[segment + 1])
            let point = (
                from.red + t * (to.red - from.red), from.green + t * (to.green - from.green),
                from.blue + t * (to.blue - from.blue)
            )
            let next = nearest(point)
            if let last = out.last, (luminance(Int(next)) >= luminance(Int(last))) != rising {
                out.append(last)
            } else {
                out.append(next)
            }
        }
        return out
    }

    /// 64 exact colours through the anchors, 0xrrggbb each.
    static func exactRamp(_ anchors: [Int]) -> [Int32] {
        let points = anchors.map { rgb(Int(exactly) | $0) }, count = Int(Heat.levels)
        return (0..<count).map { level in
            let place = Double(level) * Double(points.count - 1) / Double(count - 1), segment = min(Int(place), points.count - 2)
            let t = place - Double(segment), (from, to) = (points[segment], points[segment + 1])
            return exact(from.red + t * (to.red - from.red), from.green + t * (to.green - from.green), from.blue + t * (to.blue - from.blue))
        }
    }

    private static func nearest(_ point: (Double, Double, Double)) -> Int32 {
        var best = 16
        var least = Double.infinity
        for index in 16...255 {
            let (red, green, blue) = rgb(index)
            let distance = (red - point.0) * (red - point.0) + (green - point.1) * (green - point.1)
                + (blue - point.2) * (blue - point.2)
            if distance < least {
                least = distance
                best = index
            }
        }
        return Int32(best)
    }

    /// Cividis on a dark background: what is high stands out.
    /// Source: Nuñez, Anderton, Renslow 2018, as steps of the 256 colours.
    static let cividis = ramp([17, 237, 240, 242, 245, 144, 185, 220])
    static let exactCividis = exactRamp([0x00204D, 0x00336F, 0x39486B, 0x575C6D, 0x707173, 0x8A8779, 0xA69D75, 0xC4B56C, 0xE4CF5B, 0xFFEA46])
    static let exactCividisLight = exactRamp([0xFFFFD7, 0xE4CF5B, 0xC4B56C, 0xA69D75, 0x8A8779, 0x707173, 0x575C6D, 0x39486B, 0x00336F, 0x00204D])
    static let exactGreys = exactRamp([0x121212, 0xEEEEEE])
    /// The same the other way round, for a light background.
    static let cividisLight = ramp([230, 186, 144, 245, 242, 240, 237, 17])
    /// Greys, for the theme of high contrast.
    static let greys = ramp([233, 255])
}
