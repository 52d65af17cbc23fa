#include "sim/model.hpp"

#include <utility>

#include "base/json.hpp"
#include "sim/audio_text.hpp"

namespace offhook::sim {

Model::Model(SessionConfig config,
             SessionOptions options,
             Hearing hearing,
             Speaker& speaker,
             Voice& voice,
             ModelHooks hooks)
    : SpokenModel{RealtimeSession{std::move(config), std::move(options)}, std::move(hearing),
                  speaker, voice, std::move(hooks)} {
  ears_.configure(session_.turns());
}

void Model::on_digit(char digit) {
  session_.on_digit(digit, session_.clock().unix_seconds());
  obey();
}

void Model::perform(SendWithAudio& action) {
  auto& content = action.event["item"].as_object()["content"].as_array();
  if (const auto sound = hearing_.sound_of(action.item_id); !sound.empty() && !content.empty()) {
    const std::string format{json_string(session_.input_format(), "type")};
    content.front().as_object()["audio"] = audio_text(sound, format);
  }
  hooks_.send(action.event);
}

void Model::perform(const ListTools& action) {
  hooks_.list_tools(action.tool, [this, weak = std::weak_ptr{alive_},
                                  id = action.item_id](const McpResult<boost::json::array>& tools) {
    if (weak.lock()) {
      session_.on_tools_listed(id, tools);
      obey();
    }
  });
}

void Model::perform(const CallTool& action) {
  hooks_.call_tool(action, [this, weak = std::weak_ptr{alive_},
                            id = action.item_id](const McpResult<std::string>& output) {
    if (weak.lock()) {
      session_.on_tool_called(id, output, now_steady());
      obey();
    }
  });
}

}  // namespace offhook::sim
