#include <array>
#include <string>

#include "sim/persona_script.hpp"

namespace offhook::sim {
namespace {

struct Line {
  const char* hears;
  const char* say;
};

// The first that fits answers: what is particular stands before what is general.
constexpr std::array lines{
    Line{R"(\b(good ?bye|bye|hang up|see you|talk to you later)\b)", "Goodbye!"},
    Line{R"(\b(repeat|say that again|what did you say|pardon)\b)",
         "I am the stand-in on your own machine. Ask me something else."},
    Line{R"(\bsay (hi|hello)\b)", "Hi."},
    Line{R"(\b(?:my name is|i am called|call me) (\w+))", "Nice to meet you, $1."},
    Line{R"(\b(your name|who are you|who is this|am i talking to)\b)",
         "I am the stand-in for the voice model, on your own machine."},
    Line{R"(\bcan you hear me\b)", "Yes, I can hear you well."},
    Line{R"(\bjokes?\b)",
         "Why did the packet cross the network? To get to the other side, in the end."},
    Line{R"(\b(weather|rain|raining|sunny|temperature)\b)",
         "I have no window here, but I hope it is sunny."},
    Line{R"(\b(human|person|agent|operator|manager)\b)",
         "I would transfer you to a person, but there is only me."},
    Line{R"(\b(order|pizza|table|book|reservation|flight|appointment)\b)",
         "I have made a note of it. Is there anything else?"},
    Line{R"(\b(thanks|thank you)\b)", "You are welcome."},
    Line{R"(\b(stop|wait|quiet|hold on|one moment)\b)", "All right, I am listening."},
    Line{R"(\b(help|problem|broken|not work|not working|complain|complaint)\b)",
         "I am sorry to hear that. Please tell me more about it."},
    Line{R"(\bhow are you\b)", "I am fine, thank you. And you?"},
    Line{R"(^(hello|hi|hey)\b|\bgood (morning|afternoon|evening)\b)",
         "Hello! What can I do for you?"},
    Line{R"(^(yes|yeah|sure|okay|correct|all right)\b)", "Good. What else?"},
    Line{R"(^no\b)", "All right. Is there anything else?"},
    Line{R"(\bi (?:want|need|would like) (.+))", "Why do you want $1?"},
};

}  // namespace

PersonaScript default_persona() {
  PersonaScript script;
  script.interrupted = "Yes?";
  script.otherwise = {"You said: $0.", "I heard: $0. Go on."};
  for (const Line& line : lines) {
    PersonaRule rule;
    rule.hears = persona_pattern(line.hears).value();
    rule.say = {line.say};
    script.rules.push_back(std::move(rule));
  }
  return script;
}

}  // namespace offhook::sim
