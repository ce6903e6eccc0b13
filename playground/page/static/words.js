// The page's own words. The bot's are its own affair.

export const WORDS = {
  en: {
    title: "Causerie playground", person: "You are", places: "Channels", direct: "Direct messages", close: "Close",
    online: "{name} is online", offline: "{name} is offline", restart: "Restart the bot",
    kill: "Crash the bot (SIGKILL)", ended: "The bot ended with {how}. Its last lines:",
    exitStatus: "status {status}", killed: "The bot was killed ({how}), as it was asked.",
    reconnecting: "The playground does not answer. Trying again …", message: "Message {place}", send: "Send",
    attach: "Attach a file", remove: "Remove {name}", menu: "Places", log: "Messages in {place}",
    beginning: "This is the beginning of {place}", hint: "Mention @{bot}, or type / for its commands.",
    hintDirect: "Write to {bot}, or type / for its commands.", typing: "{names} is typing …",
    typingMany: "{names} are typing …", thinking: "{name} is thinking …", private: "Only you can see this",
    dismiss: "Dismiss", edited: "(edited)", bot: "BOT", used: "{name} used {command}",
    original: "Message was deleted", reply: "Reply", replying: "Replying to {name}: {text}", edit: "Edit",
    editing: "Editing your message", delete: "Delete", thread: "Open a thread", threadName: "Name of the thread",
    openThread: "Thread: {name}", actions: "Actions for the message of {name}", reactions: "{emoji}: {count}",
    cancel: "Cancel", submit: "Submit", required: "required", optional: "optional", commands: "Commands",
    noCommand: "You have no such command here. Type / to see which you have.", missing: "{name} is still missing: write {name}:…",
    missingFile: "{name} is still missing: attach a file.", notOffered: "{name} does not offer “{value}”.",
    takesCharacters: "{name} takes {shortest} to {longest} characters.", takesNumber: "{name} takes a number.",
    takesWhole: "{name} takes a whole number.", takesAtLeast: "{name} takes {least} or more.",
    takesAtMost: "{name} takes {most} or less.",
    unanswered: "{bot} did not answer in time.", choose: "Choose", failed: "That did not work: {reason}",
    gone: "You can no longer see {place}.", jump: "To the newest message", calls: "No calls of the model yet. Say something to the bot.",
    noRecorder: "No recorder stands before the model here: start with make demo.", callTitle: "Call {id}",
    prompt: "{count} tokens sent", cached: "{share} % cached", completion: "{count} answered",
    first: "first text {seconds} s", whole: "whole {seconds} s", parameters: "Parameters", answer: "Answer",
    running: "running", broken: "broken off", cancelled: "cancelled", messages: "{count: message/ messages}",
    characters: "{count: character/ characters}", yes: "True", no: "False", servers: "Servers", drawer: "Behind the scenes",
    tabCalls: "Model", tabTimeline: "Timeline", tabMeter: "Limits", theme: "Colours: {name}", auto: "as the machine",
    dark: "dark", light: "light", unread: "unread", pings: "{count} unread for you",
    readOnly: "You cannot write in {place}", noPosts: "This forum has no posts yet.", react: "Add a reaction",
    anyEmoji: "Any other emoji", more: "More", inspect: "What the model was sent", copy: "Copy the text",
    goTo: "Go to this message", attachment: "(a file)", noText: "(no text)", download: "Download {name}",
    expand: "Show {count: more line/ more lines}", collapse: "Show less", manyNew: "{count: new message/ new messages}",
    speed: "{count} tokens/s", limitCreate: "Send a message", limitEdit: "Edit a message",
    limitDelete: "Delete a message", limitTyping: "Typing", limitReaction: "Reaction",
    limitAnswer: "Answer a command", limitHidden: "Command answers, hidden", limitGlobal: "Everything (global)",
    quiet: "Nothing is being spent.", totals: "{calls} calls so far, {refused} refused",
    closes: "anew in {seconds} s", free: "free again", refusal: "{scope}, wait {seconds} s",
    tabFaults: "Faults", faultsNow: "In force", faultsClear: "Remove all", faultAdd: "Add the fault",
    noFaults: "Nothing goes wrong on purpose.", faultStruck: "struck {struck} of {seen}", faultLate: "Delay",
    faultStatus: "Answer with an error", faultDrop: "Break the connection", faultCopies: "Send an event repeatedly",
    faultCut: "Cut the gateway after an event", faultAll: "All of them",
    faultOther: "Another: method and path", fault_kind: "What goes wrong", fault_route: "On which calls",
    fault_path: "Method and path", fault_event: "On which events", fault_latency: "Delay (s)",
    fault_jitter: "Up to so much more (s)", fault_status: "Status", fault_after: "Only the answer is lost",
    fault_copies: "Times in all", fault_every: "Of those that match, one in", fault_probability: "Chance for each (%)",
    fault_times: "Strikes at most (times)",

 wrong_latency: "Up to 600, and more than 0 in all.",
    wrong_jitter: "From 0 to 600.", wrong_status: "A whole number from 400 to 599.",
    wrong_copies: "A whole number from 2 to 100.", wrong_every: "A whole number from 1.",
    wrong_probability: "From 0 to 100.", wrong_times: "A whole number from 1, or nothing.",
    wrong_path: "No call is like this. An example: POST /channels/*/messages", gateway: "Gateway",
    gateway_cut: "Cut the connection", gateway_reconnect: "Ask to reconnect",
    gateway_invalidate: "Invalidate the sessions", gatewayDone: "Done. The bot should come back by itself.",
    about: "You look through one person’s eyes; whose, you choose at the side. “{drawer}” shows what the bot does meanwhile.",
    hintForum: "Each post is a conversation of its own.", newPost: "New post", postTitle: "Title", postText: "Text",
    post: "Post", postHint: "Mention @{bot}, and it answers in the post.",
    aboutForum: "A forum is for questions that each deserve a conversation of their own: every post is a thread, and {bot} remembers each by itself.",
    limitChannel: "Edit a channel", limitFile: "Fetch a file",
    deleteTitle: "Delete the message?", deleteAbout: "It is gone for everybody, and cannot be taken back.",
    deleteHint: "With Shift held down, Delete does not ask.", connected: "The playground answers again.",
    botReturned: "{name} lost its connection and came back after {seconds} s.",
    botLost: "{name} has lost its connection.", botBack: "{name} is back, after {seconds} s.",
    faultsSpent: "Spent", faultAgain: "Put in force again", moreOptional: "+{count} optional",
    tooManyFiles: "This command does not take so many files.",
    spoiler: "Spoiler: show", unknownComponent: "There is something here that this page cannot show: a component of type {type}.",
    adapted: "The small model of this demo was sent less of it: one sentence of the instructions, the words alone of what people wrote, and nothing that is not in Latin letters or was a notice.",
    noticed: "The small model of this demo was not asked: it knows English only. The answer is a notice of this server’s.",
    finish_length: "cut off: limit reached",
    noPlace: "You cannot see the place of this link.", noCall: "No call of the model made this message.", run_command: "", run_message: "", run_component: "button or menu",
    run_form: "form sent", stepForm: "Form opened", stepRefused: "Call refused", stepFault: "A fault struck",
    noAnswer: "connection broken",
    noRuns: "Nothing was asked yet.", stepAsked: "Asked", stepSign: "Sign of waiting", stepTyping: "Typing",
    stepCalled: "Model called", stepText: "Model writes", stepModelEnd: "Model ends", stepShown: "First text shown",
    stepEdits: "Last of the edits", stepFailed: "No answer in time", stepFinished: "Finished", seconds: "{count} s",
  },
  ko: {
    title: "Causerie 놀이터", person: "지금 나는", places: "채널", direct: "다이렉트 메시지", close: "닫기", online: "{name} 온라인",
    offline: "{name} 오프라인", restart: "봇 다시 시작", kill: "봇 강제 종료 (SIGKILL)", ended: "봇이 {how:으로/로} 끝났습니다. 마지막 줄:",
    exitStatus: "상태 {status}", killed: "시킨 대로 봇을 강제 종료했습니다 ({how}).",
    reconnecting: "놀이터가 응답하지 않습니다. 다시 연결하는 중 …", message: "{place}에 메시지 보내기", send: "보내기", attach: "파일 첨부",
    remove: "{name} 빼기", menu: "채널 목록", log: "{place}의 메시지", beginning: "{place}의 시작입니다",
    hint: "@{bot:을/를} 부르거나 / 를 눌러 명령어를 보세요.", hintDirect: "{bot}에게 말을 걸거나 / 를 눌러 명령어를 보세요.",
    typing: "{names} 님이 입력하는 중 …", typingMany: "{names} 님이 입력하는 중 …", thinking: "{name} 생각하는 중 …",
    private: "나에게만 보이는 메시지", dismiss: "지우기", edited: "(수정됨)", bot: "봇", used: "{name} 님이 {command} 사용",
    original: "삭제된 메시지", reply: "답장", replying: "{name} 님에게 답장: {text}", edit: "수정", editing: "메시지 수정 중", delete: "삭제",
    thread: "스레드 만들기", threadName: "스레드 이름", openThread: "스레드: {name}", actions: "{name} 님의 메시지 메뉴",
    reactions: "{emoji}: {count}", cancel: "취소", submit: "제출", required: "필수", optional: "선택", commands: "명령어",
    noCommand: "여기서 쓸 수 있는 그런 명령어가 없습니다. / 를 눌러 목록을 보세요.", missing: "{name} 값이 아직 없습니다. {name}:… 처럼 쓰세요.",
    missingFile: "{name} 파일이 아직 없습니다. 파일을 첨부하세요.", unanswered: "{bot:이/가} 제때 응답하지 않았습니다.",
    notOffered: "{name}에서 “{value}” 값은 고를 수 없습니다.", takesCharacters: "{name:은/는} {shortest}자에서 {longest}자까지 쓸 수 있습니다.",
    takesNumber: "{name}에는 수를 쓰세요.", takesWhole: "{name}에는 정수를 쓰세요.", takesAtLeast: "{name:은/는} {least} 이상이어야 합니다.",
    takesAtMost: "{name:은/는} {most} 이하여야 합니다.",
    choose: "선택", failed: "할 수 없었습니다: {reason}", gone: "이제 {place:을/를} 볼 수 없습니다.",
    jump: "최신 메시지로", calls: "아직 모델을 부른 적이 없습니다. 봇에게 말을 걸어 보세요.",
    noRecorder: "모델 앞에 기록기가 없습니다. make demo로 시작하세요.", callTitle: "호출 {id}", prompt: "보낸 토큰 {count}개",
    cached: "캐시 {share} %", completion: "답한 토큰 {count}개", first: "첫 글자 {seconds}초", whole: "전체 {seconds}초",
    parameters: "매개변수", answer: "답변", running: "진행 중", broken: "끊김", cancelled: "취소됨", messages: "메시지 {count}개",
    characters: "{count}자", yes: "예", no: "아니요", servers: "서버", drawer: "무대 뒤", tabCalls: "모델", tabTimeline: "타임라인",
    tabMeter: "제한", theme: "색: {name}", auto: "기기 설정대로", dark: "어둡게", light: "밝게", unread: "읽지 않음",
    pings: "나에게 온 읽지 않은 메시지 {count}개", readOnly: "{place}에는 쓸 수 없습니다", noPosts: "이 포럼에는 아직 글이 없습니다.", react: "반응 달기",
    anyEmoji: "다른 이모지", more: "더 보기", inspect: "모델이 받은 것", copy: "텍스트 복사", goTo: "이 메시지로 가기", attachment: "(파일)",
    noText: "(내용 없음)", download: "{name} 내려받기", expand: "{count}줄 더 보기", collapse: "접기", manyNew: "새 메시지 {count}개",
    speed: "초당 토큰 {count}개", limitCreate: "메시지 보내기", limitEdit: "메시지 수정", limitDelete: "메시지 삭제",
    limitTyping: "입력 중 표시", limitReaction: "반응", limitAnswer: "명령어 응답", limitHidden: "명령어 응답 (숨은 제한)",
    limitGlobal: "전체 (글로벌)", quiet: "지금 쓰이는 제한이 없습니다.", totals: "지금까지 호출 {calls}번, 거절 {refused}번",
    closes: "{seconds}초 뒤 새로", free: "다시 비었음", refusal: "{scope}, {seconds}초 기다리기",
    tabFaults: "장애", faultsNow: "걸려 있는 장애", faultsClear: "모두 빼기", faultAdd: "장애 걸기",
    noFaults: "일부러 낸 장애가 없습니다.", faultStruck: "{seen}번 중 {struck}번 걸림", faultLate: "늦추기", faultStatus: "오류로 응답",
    faultDrop: "연결 끊기", faultCopies: "이벤트 되풀이", faultCut: "이벤트 뒤에 게이트웨이 끊기", faultAll: "모두",
    faultOther: "그 밖에: 메서드와 경로", fault_kind: "무엇이 잘못되나", fault_route: "어느 호출에서",
    fault_path: "메서드와 경로", fault_event: "어느 이벤트에서", fault_latency: "지연 (초)", fault_jitter: "최대 더할 시간 (초)",
    fault_status: "상태 코드", fault_after: "응답만 잃기", fault_copies: "모두 몇 번", fault_every: "해당하는 것 중 몇 번에 한 번",
    fault_probability: "하나마다 확률 (%)", fault_times: "걸리는 횟수 (최대)",

 wrong_latency: "600까지, 둘을 더해 0보다 커야 합니다.",
    wrong_jitter: "0에서 600까지입니다.", wrong_status: "400에서 599까지의 정수입니다.", wrong_copies: "2에서 100까지의 정수입니다.",
    wrong_every: "1 이상의 정수입니다.", wrong_probability: "0에서 100까지입니다.", wrong_times: "1 이상의 정수이거나 비워 둡니다.",
    wrong_path: "그런 호출이 없습니다. 예: POST /channels/*/messages", gateway: "게이트웨이", gateway_cut: "연결 끊기",
    gateway_reconnect: "다시 연결하게 하기", gateway_invalidate: "세션 무효로 하기", gatewayDone: "했습니다. 봇이 스스로 돌아와야 합니다.",
    about: "한 사람이 보는 화면이고, 누구인지는 옆에서 고릅니다. 봇이 그동안 하는 일은 “{drawer}”에 있습니다.",
    hintForum: "글마다 대화가 따로 이어집니다.", newPost: "새 글", postTitle: "제목", postText: "내용", post: "올리기",
    postHint: "@{bot:을/를} 부르면 글 안에서 답합니다.",
    aboutForum: "포럼은 저마다 따로 이야기할 질문을 위한 곳입니다. 글마다 스레드가 되고 {bot:은/는} 글마다 따로 기억합니다.",
    limitChannel: "채널 수정", limitFile: "파일 받기", noRuns: "아직 물어본 것이 없습니다.",
    deleteTitle: "메시지를 삭제할까요?", deleteAbout: "모두에게서 사라지고 되돌릴 수 없습니다.",
    deleteHint: "Shift를 누른 채 삭제하면 묻지 않습니다.", connected: "놀이터가 다시 응답합니다.",
    botReturned: "{name:이/가} 연결을 잃었다가 {seconds}초 만에 돌아왔습니다.",
    botLost: "{name:이/가} 연결을 잃었습니다.", botBack: "{name:이/가} {seconds}초 만에 돌아왔습니다.",
    faultsSpent: "다 쓴 장애", faultAgain: "다시 걸기", moreOptional: "선택 항목 {count}개 더",
    tooManyFiles: "이 명령어에는 파일을 그만큼 넣을 수 없습니다.",
    spoiler: "스포일러 보기", unknownComponent: "이 페이지가 보여 줄 수 없는 것이 있습니다: 유형 {type}의 컴포넌트.",
    adapted: "이 데모의 작은 모델에는 줄여서 보냈습니다. 지시는 한 문장만, 메시지는 내용만 가고, 로마자로 쓰지 않은 메시지와 서버의 안내는 가지 않습니다.",
    noticed: "이 데모의 작은 모델은 영어만 알아서 부르지 않았습니다. 답변은 서버의 안내입니다.", finish_length: "길이 제한에서 끊김",
    noPlace: "이 링크가 가리키는 곳을 볼 수 없습니다.", noCall: "모델을 불러서 쓴 메시지가 아닙니다.", run_command: "", run_message: "", run_component: "버튼 또는 메뉴", run_form: "양식 제출",
    stepForm: "양식 열림", stepRefused: "호출 거절됨", stepFault: "장애에 걸림", noAnswer: "연결 끊김",
    stepAsked: "질문", stepSign: "기다림 표시", stepTyping: "입력 중", stepCalled: "모델 호출", stepText: "모델이 쓰기 시작",
    stepModelEnd: "모델 끝", stepShown: "첫 글자 표시", stepEdits: "마지막 수정", stepFailed: "제때 응답 없음", stepFinished: "끝",
    seconds: "{count}초",
  },
};

let current = WORDS.en;
export let locale = "en-US";

export function speak(chosen) {
  locale = chosen;
  current = WORDS[chosen.split("-")[0]] ?? WORDS.en;
}

/** What stands in the page from the beginning, in the language that is spoken now. */
export function label(page) {
  page.documentElement.lang = locale.split("-")[0];
  page.title = say("title");
  for (const node of page.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of page.querySelectorAll("[data-label]")) node.setAttribute("aria-label", say(node.dataset.label));
  for (const node of page.querySelectorAll("[data-title]")) node.title = say(node.dataset.title);
}

/** Undefined where there is no such word. `{count: line/ lines}` is one or many in English, in Korean a particle. */
export function say(key, values = {}) {
  return current[key]?.replace(/\{(\w+)(?::([^}/]+)\/([^}]+))?\}/g, (whole, name, closed, open) => {
    if (!(name in values)) return whole;
    const value = String(values[name]);
    const first = current === WORDS.en ? value === "1" : endsClosed(value, open);
    return closed === undefined ? value : value + (first ? closed : open);
  });
}

/** Whether a Korean particle after it takes the form for a closed syllable; ㄹ counts as open before 로. */
function endsClosed(text, open) {
  const last = text.at(-1) ?? "";
  const syllable = last.charCodeAt(0) - 0xac00;
  if (syllable >= 0 && syllable < 11172) return syllable % 28 !== 0 && !(open === "로" && syllable % 28 === 8);
  return open === "로" ? /[036mnMN]/.test(last) : /[013678lmnLMN]/.test(last);
}

const formatted = (moment, style) => new Intl.DateTimeFormat(locale, style).format(new Date(moment));

/** `kind`: `timeOnly`, `withSeconds`; without it the day is told where it is not today. */
export function clockTime(moment, kind = "") {
  if (kind === "withSeconds") return formatted(moment, { timeStyle: "medium" });
  const today = new Date(moment).toDateString() === new Date().toDateString();
  return formatted(moment, kind || today ? { timeStyle: "short" } : { dateStyle: "short", timeStyle: "short" });
}

export const fullTime = (moment) => formatted(moment, { dateStyle: "full", timeStyle: "medium" });

export const day = (moment) => formatted(moment, { dateStyle: "long" });

export const number = (value) => new Intl.NumberFormat(locale).format(value);
