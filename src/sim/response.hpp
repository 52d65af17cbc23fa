#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
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
  std::optional<ReplyPart> reply{};  ///< Nothing: it comes later, by `Response::reply_with`.
  boost::json::array tools{};   ///< That its calls may be of, as session or response have them.
  bool text_only = false;       ///< Text on the socket, nothing to hear.
  bool in_conversation = true;  ///< false: out of band, `conversation:"none"`.
  boost::json::value metadata{};
  boost::json::value max_output_tokens{"inf"};
  boost::json::object output_format{};  ///< `audio.output.format` of the session.
  boost::json::value voice{};
  double speed = 1;           ///< Of speech.
  int input_text_tokens = 0;  ///< For the usage counts.
  int input_audio_tokens = 0;
  std::chrono::milliseconds word_interval{30};
  bool paced = true;      ///< false: all follows the moment at which the caller hears it begin.
  bool filtered = false;  ///< Nothing is told of it after its first word.
};

/// How a response ended: status and, for the status details, why.
struct Ending {
  std::string status = "completed";  ///< completed, incomplete, cancelled, failed.
  /// max_output_tokens, content_filter, turn_detected, client_cancelled, or what failed.
  std::string reason{};
  std::string error_type = "server_error";  ///< Of what failed.
  std::string error_code = "server_error";
};

/// One response from `response.created` to `response.done`, in the order of
/// docs/openai-behaviour.md 7.1 (speech and text), 7.5 (function calls, each an item of its own,
/// also after words) or 7.7 (calls of servers' tools). Generation is paced, and faster than speech:
/// a word every `word_interval`.
class Response {
 public:
  Response(ResponsePlan plan, Outbox& out);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  /// The item that is being generated; of speech, until it is whole.
  [[nodiscard]] const std::string& item_id() const noexcept { return item_id_; }
  [[nodiscard]] bool in_conversation() const noexcept { return plan_.in_conversation; }
  /// The content filter is what cuts it off.
  [[nodiscard]] bool filtered() const noexcept { return plan_.filtered; }
  /// Sound generated so far.
  [[nodiscard]] int generated_ms() const noexcept { return generated_ms_; }

  [[nodiscard]] const boost::json::array& tools() const noexcept { return plan_.tools; }

  /// Whether more of the reply is to come, by `reply_with`.
  [[nodiscard]] bool thinking() const noexcept { return thinking_; }
  /// Whether there is something to say already.
  [[nodiscard]] bool has_words() const noexcept { return open_; }
  /// Opens the response and, where the reply is known, its first item; asks for the speech.
  void begin(Outbox& out, Conversation& conversation);
  /// The reply that was not known at the beginning, or its next part. Together they have words or
  /// calls.
  void reply_with(ReplyPart part, Outbox& out, Conversation& conversation);
  /// One more sentence of the speech. @param last  None follows.
  void add_sentence(const Sentence& sentence, bool last);
  /// The caller was sent the first of it.
  void set_audible() noexcept { audible_ = true; }
  /// `calling`: the arguments of a server's tool are whole; one of the two below is wanted next.
  enum class Progress : std::uint8_t { running, complete, cut_off, calling };
  /// Sends what is due by `now`, and goes on to the next item. Speech is not done before the caller
  /// hears it begin, so that even one word keeps the documented order.
  Progress advance(Time now, Outbox& out, Conversation& conversation);
  /// The call of a server's tool that is open.
  [[nodiscard]] const CallFunction& call() const noexcept { return call_; }
  [[nodiscard]] int output_index() const noexcept { return index_; }
  /// The tool runs: the item is over once it has returned, by `call_returned`.
  void await_call() noexcept { server_call_ = ServerCall::running; }
  /// The tool runs later, if at all: the response goes on without it.
  void leave_call(const std::string& approval_request_id);
  /// @param fields  `output` and `error` of the item.
  void call_returned(const boost::json::object& fields);
  /// Closes what is open, and the response. The item stays `incomplete` unless it is whole.
  void finish(const Ending& ending, Outbox& out, Conversation& conversation);

 private:
  /// A piece of the output as one delta carries it.
  struct Piece {
    std::string text;
    int end_ms = 0;
  };

  void open_item(Outbox& out, Conversation& conversation);
  void open_message(Outbox& out, Conversation& conversation);
  void write(std::string words, bool last, Outbox& out);
  void open_call(CallFunction call, Outbox& out, Conversation& conversation);
  void end_item(bool whole, Outbox& out, Conversation& conversation);
  [[nodiscard]] bool due(Time now) const;
  [[nodiscard]] bool affordable(const Piece& piece) const;
  [[nodiscard]] int tokens_of(std::string_view text, int audio_ms) const;
  [[nodiscard]] boost::json::object part(std::string_view transcript) const;
  [[nodiscard]] boost::json::object place(bool with_content_index) const;
  [[nodiscard]] boost::json::object describe(const Ending* ending) const;
  [[nodiscard]] boost::json::object usage() const;
  void cut_into_pieces(std::string_view text);
  void send_delta(const Piece& piece, Outbox& out);
  void close_content(Outbox& out, bool whole);
  void close_item(bool whole);
  [[nodiscard]] Progress ask_for_call(Outbox& out);

  ResponsePlan plan_;
  std::string id_;
  std::string conversation_id_;
  int most_tokens_ = std::numeric_limits<int>::max();
  bool thinking_ = false;
  std::deque<CallFunction> more_{};  ///< Items that follow.
  boost::json::array ended_{};       ///< Items that are over.
  int ended_tokens_ = 0;             ///< Of their texts.

  // The item that is open.
  bool open_ = false;
  int index_ = 0;
  std::string item_id_{};
  bool speech_ = false;
  bool function_ = false;
  /// How far the call of a server's tool is.
  enum class ServerCall : std::uint8_t { none, writing, asked, running, left, returned };
  ServerCall server_call_ = ServerCall::none;
  CallFunction call_{};
  std::string call_id_;
  std::string text_;  ///< Of all pieces sent.
  Item item_;
  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  bool all_pieces_known_ = false;
  bool audible_ = false;
  bool cut_off_ = false;  ///< By the limit of tokens, or the content filter.
  int known_ms_ = 0;
  int generated_ms_ = 0;
  Time last_sent_{};
};

/// About as many tokens as OpenAI's tokenizer makes of a text.
[[nodiscard]] int text_tokens(std::string_view text);

}  // namespace offhook::sim
