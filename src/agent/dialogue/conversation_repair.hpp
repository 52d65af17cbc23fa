#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "openai/realtime_event.hpp"

namespace offhook::agent {

/// Something that was said, as its item has it.
struct FoundMessage {
  std::string item_id;
  std::string who;  ///< "caller" or "model".
  std::string text;
  bool interrupted = false;
};

/// Finds what of a Realtime conversation was missed while the sideband was away: function calls
/// that nobody answered, and what was said. No I/O.
///
/// The API replays nothing. An item of our own shows the end of the conversation by its
/// `previous_item_id`; from there, items are retrieved backwards as far as the API names their
/// predecessors and until one that was seen before. Calls and messages that had been announced but
/// not completed when the sideband went away are retrieved as well; a caller's message is announced
/// when he begins to speak. Keys of the gap are lost, and messages that were begun and ended in it
/// with another one behind them.
class ConversationRepair {
 public:
  /// Feed it every event, also when nothing is being repaired: it remembers the latest items.
  void on_event(const openai::RealtimeEvent& event);
  /// The sideband is attached after a gap.
  void begin();

  [[nodiscard]] std::vector<std::string> take_events() { return std::exchange(events_, {}); }
  /// Items of type function_call that nothing has answered yet.
  [[nodiscard]] std::vector<boost::json::value> take_unanswered() {
    return std::exchange(unanswered_, {});
  }
  /// Messages that were completed meanwhile, in the order in which they were found.
  [[nodiscard]] std::vector<FoundMessage> take_messages() { return std::exchange(messages_, {}); }
  [[nodiscard]] bool running() const noexcept { return waiting_ > 0; }

 private:
  void on_item(const boost::json::value& body);
  void on_retrieved(const boost::json::value& body);
  void on_message(const boost::json::value& item);
  void walk_to(std::string_view item_id);
  void retrieve(std::string_view item_id);
  void one_less();
  void remember(std::string_view item_id);
  [[nodiscard]] bool known(std::string_view item_id) const;

  std::deque<std::string> recent_;     ///< Items seen, newest last.
  std::deque<std::string> announced_;  ///< Function calls that were begun and not completed yet.
  std::deque<std::string> unheard_;    ///< Messages whose words have not come yet.
  std::string probe_;                  ///< Our item; empty: none is there.
  int waiting_ = 0;                    ///< Answers that are still to come.
  int steps_ = 0;
  std::uint64_t count_ = 0;
  std::vector<std::string> answered_;  ///< Call ids with an output, found on the way.
  std::vector<boost::json::value> found_;
  std::vector<FoundMessage> messages_;
  std::vector<std::string> events_;
  std::vector<boost::json::value> unanswered_;
};

}  // namespace offhook::agent
