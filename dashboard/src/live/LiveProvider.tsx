import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useSyncExternalStore } from "react";
import { ME_KEY } from "@/api/session";
import type { Server } from "@/api/types";
import { Connection, type LinkState } from "./connection";
import { keepFleet } from "./fleetCache";

const Live = createContext<Connection | null>(null);

const connection = new Connection();

/** Holds the page's connection open while somebody is signed in. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  useEffect(() => {
    const offFrame = connection.onFrame((frame) => keepFleet(queries, frame));
    // A refused upgrade looks like a lost network; asking who we are tells them apart.
    const offLoss = connection.onLoss(() => void queries.invalidateQueries({ queryKey: ME_KEY }));
    connection.start();
    return () => {
      offFrame();
      offLoss();
      connection.stop();
    };
  }, [queries]);
  return <Live value={connection}>{children}</Live>;
}

export function useConnection(): Connection {
  const connection = useContext(Live);
  if (!connection) throw new Error("useConnection stands outside LiveProvider");
  return connection;
}

export function useLinkState(): LinkState {
  const { subscribe, state } = useConnection();
  return useSyncExternalStore(subscribe, state);
}

/** This page is of an older version than the server. */
export function useOutdated(): boolean {
  const { subscribe, outdated } = useConnection();
  return useSyncExternalStore(subscribe, outdated);
}

/** What the server said about itself; null until the first welcome. */
export function useServer(): Server | null {
  const { subscribe, server } = useConnection();
  return useSyncExternalStore(subscribe, server);
}
