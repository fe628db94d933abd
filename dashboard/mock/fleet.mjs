/** The agents of the mock server. */

const minutesAgo = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

export function makeAgent(id, name, state, more = {}) {
  const ended = ["completed", "failed", "lost", "stopped"].includes(state);
  return {
    id,
    name,
    purpose: "",
    status: ended ? "stopped" : "running",
    processing: state === "running",
    waitingForAskUser: state === "waiting",
    costUSD: 0,
    inputTokens: 1_204,
    outputTokens: 8_312,
    cacheReadInputTokens: 214_000,
    cacheCreationInputTokens: 31_200,
    createdBy: "admin",
    permissions: [],
    projectId: null,
    state,
    connected: !ended,
    model: "claude-opus-4-6",
    lastSeq: 0,
    createdAt: minutesAgo(10),
    startedAt: minutesAgo(10),
    ...(ended ? { endedAt: minutesAgo(3) } : {}),
    ...more,
  };
}

const question = {
  id: "q1",
  askedAt: minutesAgo(22),
  questions: [
    {
      question: "react-router 7 → 8 is a breaking change. How should I proceed?",
      header: "Upgrade",
      multiSelect: false,
      options: [
        {
          label: "Upgrade and migrate",
          description: "Rewrite 14 route files, about 40 min and $3",
        },
        { label: "Pin to v7", description: "Keep the current major and open an issue" },
        { label: "Skip this package", description: "Leave it for a person" },
      ],
    },
  ],
};

const several = {
  id: "q2",
  askedAt: minutesAgo(6),
  questions: [
    {
      question: "14 issues had no activity for 180 days. Which groups may I close?",
      multiSelect: true,
      options: [
        { label: "Questions" },
        { label: "Cannot reproduce" },
        { label: "Feature requests" },
      ],
    },
  ],
};

export function eightAgents() {
  return [
    makeAgent("migrator", "Monorepo migrator", "running", {
      costUSD: 112.42,
      doing: "Waits for 3 agents it started",
      permissions: ["agent:spawn"],
      createdAt: minutesAgo(310),
      startedAt: minutesAgo(310),
    }),
    makeAgent("payments", "Payments service, phase 2", "running", {
      parentId: "migrator",
      purpose: "Move the payments service onto the shared ledger module.",
      costUSD: 12.4,
      doing: "Edit src/ledger/post.py",
      createdAt: minutesAgo(134),
      startedAt: minutesAgo(134),
    }),
    makeAgent("tests", "ledger-tests", "running", {
      parentId: "payments",
      costUSD: 0.84,
      doing: "$ pytest -q tests/ledger",
      createdAt: minutesAgo(14),
      startedAt: minutesAgo(14),
    }),
    makeAgent("auth", "Auth service", "failed", {
      parentId: "migrator",
      costUSD: 18.2,
      exitReason: "Container was killed: out of memory (limit 4 GB).",
      createdAt: minutesAgo(62),
      startedAt: minutesAgo(62),
    }),
    makeAgent("bumper", "Dependency bumper", "waiting", {
      costUSD: 0.44,
      question,
      createdAt: minutesAgo(40),
      startedAt: minutesAgo(40),
    }),
    makeAgent("triager", "Issue triager", "waiting", {
      costUSD: 0.08,
      costUnknown: true,
      question: several,
      createdAt: minutesAgo(9),
      startedAt: minutesAgo(9),
    }),
    makeAgent("report", "Weekly report", "running", {
      processing: false,
      costUSD: 0.31,
      doing: "Ready for the next task",
      keepAliveSeconds: 3600,
      createdAt: minutesAgo(300),
      startedAt: minutesAgo(300),
    }),
    makeAgent("reviewer", "PR reviewer #418", "completed", {
      costUSD: 0.62,
      exitReason: "Approved with 2 comments.",
      createdAt: minutesAgo(50),
      startedAt: minutesAgo(50),
    }),
  ];
}
