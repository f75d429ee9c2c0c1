defmodule Shop.Basket do
  @moduledoc """
  What is in the basket.
  """

  # PAD

  use GenServer

  @doc """
  Adds one thing.
  """
  @spec add(map, term) :: map
  def add(basket, thing) do
    Map.put(basket, thing, 1)
  end

  def count(nil), do: 0

  def count(basket) do
    map_size(basket)
  end

  defp check(thing) when is_binary(thing), do: thing

  defmacro debug(value) do
    value
  end
end

defprotocol Priced do
  def price(thing)
end

defimpl Priced, for: List do
  def price(things), do: Enum.sum(things)
end
