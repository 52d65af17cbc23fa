#include "sim/voice.hpp"

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "audio/speech.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {
namespace {

/// A voice, and what it told of a text.
struct Spoken {
  /// @param most  Pieces that are wanted.
  std::vector<SpokenPiece> say(const std::string& text, std::size_t most = 1'000) {
    const auto pieces = std::make_shared<std::vector<SpokenPiece>>();
    const Voice::Stop stop = Voice::not_stopped();
    context.restart();
    const auto work = boost::asio::make_work_guard(context);
    voice.speak(text, stop, [this, pieces, stop, most](Result<SpokenPiece> piece) {
      if (stop->load()) {
        return;  // it was on its way already, and comes when the next text is told
      }
      REQUIRE(piece);
      pieces->push_back(*std::move(piece));
      stop->store(pieces->size() >= most);
      if (stop->load() || (pieces->back().ends && pieces->back().last_sentence)) {
        context.stop();
      }
    });
    context.run();
    return *pieces;
  }

  boost::asio::io_context context;
  Voice voice{context.get_executor(), "slt"};
};

std::size_t samples(const std::vector<SpokenPiece>& pieces) {
  std::size_t sum = 0;
  for (const SpokenPiece& piece : pieces) {
    sum += piece.samples.size();
  }
  return sum;
}

TEST_SUITE("Voice") {
  TEST_CASE("tells a sentence in pieces, which are as long as it says") {
    Spoken spoken;
    const std::string text = "The parcel that you asked about is on its way to your house.";
    const auto pieces = spoken.say(text);
    REQUIRE((pieces.size() > 1 || !audio::speech_available()));
    REQUIRE(pieces.front().begins);
    CHECK(pieces.front().begins->text == text);
    CHECK(samples(pieces) ==
          static_cast<std::size_t>(pieces.front().begins->duration_ms) * samples_per_ms);
    for (const SpokenPiece& piece : pieces) {
      CHECK(piece.begins.has_value() == (&piece == &pieces.front()));
      CHECK(piece.ends == (&piece == &pieces.back()));
      CHECK(piece.last_sentence);
    }
    const auto again = spoken.say(text);
    CHECK(again.size() == 1);
    CHECK(again.front().begins);
    CHECK(again.front().ends);
    CHECK(samples(again) == samples(pieces));
  }

  TEST_CASE("tells sentence after sentence, and which is the last") {
    Spoken spoken;
    std::vector<std::string> texts;
    for (const SpokenPiece& piece : spoken.say("One. Two. Three.")) {
      if (piece.begins) {
        texts.push_back(piece.begins->text);
        CHECK(piece.last_sentence == (texts.size() == 3));
      }
    }
    CHECK(texts == std::vector<std::string>{"One.", "Two.", "Three."});
  }

  TEST_CASE("tells of an empty text that it is empty") {
    Spoken spoken;
    const auto pieces = spoken.say("");
    REQUIRE(pieces.size() == 1);
    CHECK(pieces.front().begins->duration_ms == 0);
    CHECK(pieces.front().samples.empty());
  }

  TEST_CASE("does not remember what it was stopped in") {
    Spoken spoken;
    const std::string text =
        "First we look for the number of your order, then for the name of the street, and at last "
        "for the house that you live in, which takes some time, as you can well imagine.";
    static_cast<void>(spoken.say(text, 1));
    const auto pieces = spoken.say(text);
    CHECK(samples(pieces) ==
          static_cast<std::size_t>(pieces.front().begins->duration_ms) * samples_per_ms);
  }
}

}  // namespace
}  // namespace offhook::sim
