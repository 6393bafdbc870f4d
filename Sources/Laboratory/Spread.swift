/// How far accuracy depends on the draw of shots, on their order and on the wording, each apart from the others.
package struct Spread: Sendable, Equatable {
    /// One cell of a number of shots.
    package struct Cell: Sendable, Equatable {
        package let seed: Int
        package let order: Int
        package let template: Int
        package let accuracy: Double

        package init(seed: Int, order: Int, template: Int, accuracy: Double) {
            (self.seed, self.order, self.template, self.accuracy) = (seed, order, template, accuracy)
        }
    }

    /// The mean accuracy of each value of an axis, over what there is of the two others.
    package struct Axis: Sendable, Equatable {
        /// By rising value of the axis. Shape: [values]
        package let means: [Double]
        /// Of the means, as of a sample.
        package let deviation: Double
        /// Lowest and highest of the means.
        package let range: Interval
    }

    /// nil where the cells have one value only.
    package let seeds: Axis?
    package let orders: Axis?
    package let templates: Axis?
    /// Lowest and highest cell.
    package let range: Interval

    /// nil without cells.
    package init?(_ cells: [Cell]) {
        guard let range = Interval(of: cells.map(\.accuracy)) else { return nil }
        self.range = range
        seeds = Self.axis(cells, \.seed)
        orders = Self.axis(cells, \.order)
        templates = Self.axis(cells, \.template)
    }

    private static func axis(_ cells: [Cell], _ value: (Cell) -> Int) -> Axis? {
        let groups = Dictionary(grouping: cells, by: value).sorted { $0.key < $1.key }
        let means = groups.compactMap { Statistics.mean($0.value.map(\.accuracy)) }
        guard let deviation = Statistics.deviation(means), let range = Interval(of: means) else { return nil }
        return Axis(means: means, deviation: deviation, range: range)
    }
}
