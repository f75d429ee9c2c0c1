import React from "react";

type Props = { title: string };

export function Panel({ title }: Props) {
  return <section>{title}</section>;
}

export const Badge: React.FC<Props> = ({ title }) => <b>{title}</b>;
