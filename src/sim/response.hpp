#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "sim/conversation.hpp"
#include "sim/outbox.hpp"
#include "sim/persona.hpp"

namespace offhook::sim {

using Time = std::chrono::steady_clock::time_point;

/// One synthesised sentence of a response.
struct Sentence {
  std::string text;
  std::vector<SpokenWord> words;  ///< Ends counted from the beginning of the sentence.
  int duration_ms = 0;
};

/// What a response will produce, and what its events say about it.
struct ResponsePlan {
  Reply reply;
  bool text_only = false;       ///< Text on the socket, nothing to hear.
  bool in_conversation = true;  ///< false: out of band, `conversation:"none"`.
  boost::json::value metadata{};
  boost::json::value max_output_tokens{"inf"};
  boost::json::object output_format{};  ///< `audio.output.format` of the session.
  boost::json::value voice{};
  int input_text_tokens = 0;  ///< For the usage counts.
  int input_audio_tokens = 0;
  std::chrono::milliseconds word_interval{30};
};

/// How a response ended: status and, for the status details, why.
struct Ending {
  std::string status = "completed";  ///< completed, cancelled, failed.
  std::string reason{};              ///< turn_detected, client_cancelled, or what failed.
};

/// One response from `response.created` to `response.done`, in the order of
/// docs/openai-behaviour.md 7.1 (speech and text) or 7.5 (function call). Generation is paced, and
/// faster than speech: a word every `word_interval`.
class Response {
 public:
  Response(ResponsePlan plan, Outbox& out);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::string& item_id() const noexcept { return item_id_; }
  [[nodiscard]] bool in_conversation() const noexcept { return plan_.in_conversation; }
  /// Sound generated so far.
  [[nodiscard]] int generated_ms() const noexcept { return generated_ms_; }

  /// Opens the response and its item, and asks for the speech.
  void begin(Outbox& out, Conversation& conversation);
  /// One more sentence of the speech. @param last  None follows.
  void add_sentence(const Sentence& sentence, bool last);
  /// The caller was sent the first of it.
  void set_audible() noexcept { audible_ = true; }
  /// Sends what is due by `now`. @return true once everything has been generated. Speech is not
  /// done before the caller hears it begin, so that even one word keeps the documented order.
  bool advance(Time now, Outbox& out);
  /// Closes what is open, and the response. The item stays `incomplete` unless it is whole.
  void finish(const Ending& ending, Outbox& out, Conversation& conversation);

 private:
  /// A piece of the output as one delta carries it.
  struct Piece {
    std::string text;
    int end_ms = 0;
  };

  [[nodiscard]] bool due(Time now) const;
  [[nodiscard]] boost::json::object part(std::string_view transcript) const;
  [[nodiscard]] boost::json::object place(bool with_content_index) const;
  [[nodiscard]] boost::json::object describe(const Ending* ending) const;
  [[nodiscard]] boost::json::object usage() const;
  void cut_into_pieces(std::string_view text);
  void send_delta(const Piece& piece, Outbox& out);
  void close_content(Outbox& out, bool whole);
  void close_item(bool whole);

  ResponsePlan plan_;
  std::string id_;
  std::string item_id_;
  std::string conversation_id_;
  bool speech_ = false;
  bool function_ = false;
  CallFunction call_{};
  std::string call_id_;
  std::string text_;  ///< Of all pieces sent.
  Item item_;
  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  bool all_pieces_known_ = false;
  bool audible_ = false;
  int known_ms_ = 0;
  int generated_ms_ = 0;
  Time last_sent_{};
};

/// About as many tokens as OpenAI's tokenizer makes of a text.
[[nodiscard]] int text_tokens(std::string_view text);

}  // namespace offhook::sim
