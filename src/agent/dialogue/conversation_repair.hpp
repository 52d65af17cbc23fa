#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "openai/realtime_event.hpp"

namespace offhook::agent {

/// Something that was said, as its item has it.
struct FoundMessage {
  std::string item_id;
  std::string who;  ///< "caller" or "model".
  std::string text;
  bool interrupted = false;
  std::string next{};  ///< The item that it was found before; empty: not known.
};

/// Finds what of a Realtime conversation was missed while the sideband was away: function calls
/// that nobody answered, and what was said. No I/O.
///
/// The API replays nothing, and `conversation.item.retrieved` need not name what is before an item.
/// So items are looked for wherever an event names one that was never seen: an item of our own
/// shows the end of the conversation by its `previous_item_id`, and so does every item that is
/// added meanwhile. What had been announced but not completed when the sideband went away is
/// retrieved as well: function calls and messages by their item, a caller's message from the
/// beginning of his speech on. What is found unfinished is asked for again after the next gap. Keys
/// of the gap are lost, and items that were begun and ended in it with another one behind them.
class ConversationRepair {
 public:
  /// Feed it every event, also when nothing is being repaired: it remembers the latest items.
  void on_event(const openai::RealtimeEvent& event);
  /// The sideband is attached after a gap.
  void begin();

  [[nodiscard]] std::vector<std::string> take_events() { return std::exchange(events_, {}); }
  /// Items of type function_call that nothing has answered yet.
  [[nodiscard]] std::vector<openai::ConversationItem> take_unanswered() {
    return std::exchange(unanswered_, {});
  }
  /// Messages that were completed meanwhile, in the order in which they were found.
  [[nodiscard]] std::vector<FoundMessage> take_messages() { return std::exchange(messages_, {}); }
  [[nodiscard]] bool running() const noexcept { return waiting_ > 0; }
  /// Set once, when a repair is over: whether the model has begun something that had not been seen
  /// before the gap.
  [[nodiscard]] std::optional<bool> take_model_went_on() {
    return std::exchange(model_went_on_, std::nullopt);
  }

 private:
  /// An item that an event named and that was not seen.
  struct Missed {
    std::string item_id;
    std::string next;  ///< The item that it is before.
  };

  void on_item(const openai::ConversationItem& item, std::string_view previous);
  void on_retrieved(const openai::ConversationItem& item, std::string_view previous);
  void on_message(const openai::ConversationItem& item, const std::string& next);
  /// Retrieves `item_id`, if it was never seen. @param next  The item that it is before.
  void look_for(std::string_view item_id, std::string_view next);
  void retrieve(std::string_view item_id);
  void remove_probe();
  void one_less();

  std::deque<std::string> recent_;     ///< Items seen, newest last.
  std::deque<std::string> announced_;  ///< Function calls that were begun and not completed yet.
  std::deque<std::string> unheard_;    ///< Messages whose words have not come yet.
  std::deque<std::string> answered_;   ///< Call ids that have an output.
  std::deque<Missed> missed_;          ///< Asked for, and not answered yet.
  std::string probe_;                  ///< Our item; empty: none is there.
  bool went_on_ = false;               ///< As far as the running repair knows.
  std::optional<bool> model_went_on_;
  int waiting_ = 0;  ///< Answers that are still to come.
  int steps_ = 0;
  std::uint64_t count_ = 0;
  std::vector<openai::ConversationItem> found_;
  std::vector<FoundMessage> messages_;
  std::vector<std::string> events_;
  std::vector<openai::ConversationItem> unanswered_;
};

}  // namespace offhook::agent
