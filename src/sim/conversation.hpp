#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "sim/api_error.hpp"

namespace offhook::sim {

/// A word of the model and when its sound ends, counted from the beginning of the item.
struct SpokenWord {
  std::string text;
  int end_ms = 0;
};

/// One item of a conversation (docs/openai-behaviour.md 5.2).
struct Item {
  boost::json::object body;         ///< As events show it.
  int audio_ms = 0;                 ///< Length of its sound, the caller's or the model's.
  std::vector<SpokenWord> words{};  ///< Of an assistant item with sound.

  [[nodiscard]] std::string_view id() const;
  [[nodiscard]] std::string_view type() const;
  /// Role of a message, else empty.
  [[nodiscard]] std::string_view role() const;
  /// What a message says, written or recognised.
  [[nodiscard]] std::string words_said() const;
  /// What a tool returned, or why it did not; nothing: this is neither output nor finished call.
  [[nodiscard]] std::optional<std::string> tool_output() const;
  /// A list of a server's tools, or a question and answer about calling one.
  [[nodiscard]] bool is_of_servers() const;
};

/// The items of one conversation in order.
class Conversation {
 public:
  explicit Conversation(std::string id) : id_{std::move(id)} {}

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::vector<Item>& items() const noexcept { return items_; }

  void append(Item item) { items_.push_back(std::move(item)); }
  /// @param previous  Id to stand behind, or "root" for the front.
  /// @return false when there is no such item.
  [[nodiscard]] bool insert_after(std::string_view previous, Item item);
  /// @return false when there is no such item.
  bool remove(std::string_view id);
  [[nodiscard]] Item* find(std::string_view id);
  [[nodiscard]] const Item* find(std::string_view id) const;
  /// Id of the item in front of `id`, or null: `previous_item_id` of events.
  [[nodiscard]] boost::json::value before(std::string_view id) const;
  /// Id of the last item, or null.
  [[nodiscard]] boost::json::value last() const;
  [[nodiscard]] bool has_user_message() const;

 private:
  std::string id_;
  std::vector<Item> items_;
};

/// Holds an item that a controller wants to add against docs/openai-behaviour.md 5.2.
[[nodiscard]] ApiResult<> check_item(const boost::json::value& item);

/// A controller's item as the server keeps and shows it: with `object` and `status`.
/// @param new_id  Used when the controller chose none.
[[nodiscard]] Item complete_item(const boost::json::object& item, std::string new_id);

/// Cuts the transcript of a spoken item to what was heard.
void truncate_item(Item& item, int audio_end_ms);

}  // namespace offhook::sim
