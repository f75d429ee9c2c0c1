{-# LANGUAGE LambdaCase #-}
module Data.Tree (depth) where

import Data.List

-- | How deep a tree is.
-- Leaves count.
depth :: Tree a -> Int
depth Leaf = 1
depth (Node l r) = 1 + max (depth l) (depth r)
  where
    unused = 0

data Tree a
  = Leaf
  | Node (Tree a) (Tree a)
  | Many [Tree a]
  deriving (Show)

type Name = String

class Sized a where
  size :: a -> Int
  size _ = 1

instance Sized (Tree a) where
  size = depth

(<+>) :: Int -> Int -> Int
a <+> b = a + b

limit :: Int
limit = 3
