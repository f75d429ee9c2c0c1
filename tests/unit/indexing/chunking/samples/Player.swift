import Foundation

/// Plays tracks.
@MainActor
public class Player<T>: Base, Sendable {
  // PAD

  let volume = 1

  init(volume: Int) {
    self.volume = volume
  }

  func play(track: Track) async throws -> Bool {
    return true
  }

  enum State {
    case idle, busy
  }
}

struct Track {
  var title: String
}

protocol Listener {
  func changed()
}

extension Player where T: Codable {
  // PAD

  func encode() -> Data {
    Data()
  }
}

actor Library {
  func load() {}
}

func shuffle<T>(_ values: [T]) -> [T] {
  values
}

typealias Name = String
