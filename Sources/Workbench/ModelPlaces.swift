import Document
import GGUF
import Glibc
import HuggingFace

/// Where model files lie: this program's own folder, and those of others that fetch models.
///
/// In: the environment. Out: paths of files that say they are GGUF, and of folders of safetensors. Only names and manifests are read here.
package struct ModelPlaces: Sendable {
    package struct Place: Sendable, Equatable {
        package let name: String, folder: String
        /// Ollama names its files by their digests; what they are stands in manifests.
        package var isOllama = false
    }
    package struct File: Sendable, Equatable {
        package let path: String, place: String
        /// What the place calls it, where its file's name says nothing.
        package var name: String?
        package init(path: String, place: String, name: String? = nil) { (self.path, self.place, self.name) = (path, place, name) }
    }

    package let places: [Place]

    package init(_ locations: Locations, environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }) {
        func absolute(_ name: String) -> String? { environment(name).flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let home = absolute("HOME") ?? "/", caches = absolute("XDG_CACHE_HOME") ?? Locations.join(home, ".cache")
        let hub = absolute("HF_HUB_CACHE") ?? absolute("HF_HOME").map { Locations.join($0, "hub") } ?? Locations.join(caches, "huggingface/hub")
        places = [
            Place(name: "terrarium", folder: locations.models), Place(name: "Hugging Face", folder: hub),
            Place(name: "LM Studio", folder: Locations.join(home, ".lmstudio/models")), Place(name: "LM Studio", folder: Locations.join(caches, "lm-studio/models")),
            Place(name: "llama.cpp", folder: absolute("LLAMA_CACHE") ?? Locations.join(caches, "llama.cpp")),
            Place(name: "Ollama", folder: absolute("OLLAMA_MODELS") ?? Locations.join(home, ".ollama/models"), isOllama: true),
        ]
    }

    /// The files of all places, those of one place by name; one that is reached twice is listed once.
    package var files: [File] {
        var seen: Set<String> = []
        return places.flatMap { place in place.isOllama ? Self.blobs(place) : Self.files(under: place.folder, depth: 6).map { File(path: $0, place: place.name) } }
            .filter { file in seen.insert(Self.resolved(file.path)).inserted }
    }

    /// Where links lead.
    private static func resolved(_ path: String) -> String {
        guard let whole = realpath(path, nil) else { return path }
        defer { free(whole) }
        return String(cString: whole)
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// Links to folders are not followed: nobody has to find the way out of a circle.
    private static func files(under folder: String, depth: Int, where isWanted: (String) -> Bool = Self.isModel) -> [String] {
        let names = names(in: folder)
        var found: [String] = ModelFolder.isOne(names) ? [folder] : []
        for name in names {
            let path = Locations.join(folder, name)
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                if depth > 0 { found += files(under: path, depth: depth - 1, where: isWanted) }
            } else if isWanted(name) { found.append(path) }
        }
        return found
    }

    /// Of a model in parts the first stands for all.
    private static func isModel(_ name: String) -> Bool { name.hasSuffix(".gguf") && PartNames(name)?.number ?? 0 == 0 }

    // MARK: Ollama

    /// A manifest names the model's layer by its digest. Source: Ollama's manifests, as registries of containers have them.
    private static func blobs(_ place: Place) -> [File] {
        let manifests = Locations.join(place.folder, "manifests")
        return files(under: manifests, depth: 6, where: { _ in true }).compactMap { path in
            guard let bytes = FileBytes.read(path, limit: 1 << 20), let digest = digest(in: String(decoding: bytes, as: UTF8.self)) else { return nil }
            let blob = Locations.join(place.folder, "blobs/" + digest.replacing(":", with: "-"))
            let words = path.dropFirst(manifests.count).split(separator: "/")
            return access(blob, R_OK) == 0 ? File(path: blob, place: place.name, name: words.suffix(2).joined(separator: ":")) : nil
        }
    }

    /// The digest that stands in the same object as the media type of a model.
    private static func digest(in manifest: String) -> String? {
        for object in manifest.split(separator: "{") where object.contains("application/vnd.ollama.image.model\"") {
            guard let start = object.range(of: "sha256:") else { continue }
            let digits = object[start.upperBound...].prefix { $0.isHexDigit }
            if digits.count == 64 { return "sha256:" + digits }
        }
        return nil
    }
}
