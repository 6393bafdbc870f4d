import Glibc

/// The numbered colours of terminals, and the ramps of heat made of them.
package enum Palette {
    /// The 16 colours as xterm has them; a user's palette may differ, so nothing but ramps relies on them.
    private static let base: [(Double, Double, Double)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
        (255, 255, 255),
    ]

    /// The red, green and blue of a colour of the 256, each 0...255.
    package static func rgb(_ index: Int) -> (red: Double, green: Double, blue: Double) {
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
    static func legible(on background: Int, _ dark: Int16, _ light: Int16) -> Int16 {
        contrast(Int(dark), background) >= contrast(Int(light), background) ? dark : light
    }

    /// 64 colours through the anchors: straight lines between them, the nearest of the 240 fixed colours to each
    /// point, and luminance that never turns back.
    static func ramp(_ anchors: [Int]) -> [Int16] {
        let count = Int(Heat.levels)
        let rising = luminance(anchors[anchors.count - 1]) >= luminance(anchors[0])
        var out: [Int16] = []
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

    private static func nearest(_ point: (Double, Double, Double)) -> Int16 {
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
        return Int16(best)
    }

    /// Cividis on a dark background: what is high stands out.
    /// Source: Nuñez, Anderton, Renslow 2018, as steps of the 256 colours.
    static let cividis = ramp([17, 237, 240, 242, 245, 144, 185, 220])
    /// The same the other way round, for a light background.
    static let cividisLight = ramp([230, 186, 144, 245, 242, 240, 237, 17])
    /// Greys, for the theme of high contrast.
    static let greys = ramp([233, 255])
}
