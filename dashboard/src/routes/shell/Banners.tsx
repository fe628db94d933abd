import { useOutdated, useServer } from "@/live/LiveProvider";

const LINE = "border-b border-line px-4 py-1 text-center text-sm max-md:px-2 max-md:text-2xs";

/** What everybody must know about this installation. */
export function Banners() {
  const server = useServer();
  const outdated = useOutdated();
  if (!server) return null;
  return (
    <aside aria-label="About this installation">
      {outdated && (
        <p className={`${LINE} bg-accent-wash`}>
          A new version is ready.{" "}
          <button
            type="button"
            className="tap-tight text-accent underline"
            onClick={() => window.location.reload()}
          >
            Reload
          </button>
        </p>
      )}
      {server.rehearsal && (
        <p className={`${LINE} bg-accent-wash`}>
          Rehearsal model: answers are scripted, nothing is charged.
        </p>
      )}
      {!server.isolated && (
        <p className={`${LINE} bg-waiting-wash`}>
          Agents are not isolated here: they run as plain processes with the rights of this server.
        </p>
      )}
    </aside>
  );
}
