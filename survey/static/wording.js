// Fills in what a message leaves open: "{n} sheets" and { n: 3 } are "3 sheets".

export const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_whole, place) => values[place]);
