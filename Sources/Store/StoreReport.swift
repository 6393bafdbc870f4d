/// What the store tells; it comes from the store's own thread.
package enum StoreReport: Sendable {
    /// Everything up to the batch of this number is on the disk.
    case kept(Int)
    /// Nothing can be kept for now, in a sentence with the remedy; told once until it works again, and tried again meanwhile.
    case failed(String)
    case opened(Opened)
    case notOpened(StoredDocument.ID, String)
    /// What a crash left, the newest first.
    case unclosed([StoredDocument])
    case newest(StoredDocument?)
    /// The runs that have all the words of the query, the newest first.
    case found(query: String, runs: [FoundRun])
    case run(StoredRun.ID, StoredRun?)
    /// The store was damaged or has gone, and a new one was begun: what is open has to be kept whole again. The path is the
    /// old store's, where there is one.
    case setAside(path: String?, String)
}
