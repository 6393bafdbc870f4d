import Engine
import Terminal

/// Which stage of the sampler trace is chosen.
package struct SamplerState: Sendable, Equatable {
    package var stage = 0
    package var showsRemoved = false
    package init() {}
}

/// Which setting of the line of controls is chosen.
package struct ControlsState: Sendable, Equatable {
    package var field = 0
    package init() {}
    mutating func select(atX x: Int, _ state: State) {}
}

extension State {
    mutating func performInSampler(_ command: Command) {}
    mutating func performInControls(_ command: Command) {}
}
