/** Names for what the generated schema describes. Must not describe anything itself. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Agent = Schemas["Agent"];
export type AgentState = Schemas["State"];
export type OpenQuestion = Schemas["OpenQuestion"];
export type QuestionItem = Schemas["QuestionItem"];
export type SpawnRequest = Schemas["SpawnRequest"];
export type EventsPage = Schemas["EventsPage"];
export type Me = Schemas["Me"];
export type Server = Schemas["Server"];

export type ClientMessage = Schemas["ClientMessage"];
export type ServerMessage = Schemas["ServerMessage"];
export type LiveDelta = Schemas["LiveDelta"];
export type TokenTotals = Schemas["LiveTokenTotals"];
export type Ok = Schemas["Ok"];

export type TranscriptEvent = Schemas["Event"];
export type Output = Schemas["Output"];
export type ToolUse = Schemas["ToolUse"];
export type ToolResult = Schemas["ToolResult"];
export type AskUser = Schemas["AskUser"];
export type AskClosed = Schemas["AskClosed"];
export type Answered = Schemas["Answered"];
export type Turn = Schemas["Turn"];

/** The frames that concern one watched agent. */
export type AgentFrame = Extract<
  ServerMessage,
  { type: "watching" | "events" | "deltas" | "status" | "tokens" }
>;

/** Question text to the chosen label, several labels, or typed text. */
export type Answers = Record<string, string | string[]>;
