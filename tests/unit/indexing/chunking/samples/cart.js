import { tax } from "./tax";

/** Adds up the items. */
export function total(items) {
  return items.reduce((sum, item) => sum + item.price, 0);
}

export const withTax = async (items) => {
  return total(items) * tax;
};

const MAX_ITEMS = 20;

/**
 * What a customer wants to buy.
 * @public
 */
export default class Cart extends Base {
  // PAD

  items = [];

  constructor(owner) {
    super(owner);
  }

  static #load(id) {
    return fetch(id);
  }

  onAdd = (item) => {
    this.items.push(item);
  };

  get size() {
    return this.items.length;
  }
}

Cart.prototype.clear = function () {
  this.items = [];
};

module.exports.checkout = function (cart) {
  return cart.size;
};

const Row = React.memo(function Row({ item }) {
  return <li>{item.name}</li>;
});

const api = {
  // PAD

  list(page) {
    return get(page);
  },
  remove: async (id) => {
    await del(id);
  },
};
